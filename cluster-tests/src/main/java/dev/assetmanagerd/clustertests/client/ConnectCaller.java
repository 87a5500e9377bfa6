package dev.assetmanagerd.clustertests.client;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.Node;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Calls as Connect JSON over HTTP/1.1 with the JDK's client, much as curl sends them. */
public final class ConnectCaller implements UnaryCaller {
  private static final Duration GRACE = Duration.ofSeconds(1);
  private static final Duration CONNECT_MAX = Duration.ofSeconds(3);

  private final JsonFormat.Printer printer = JsonFormat.printer();
  private final JsonFormat.Parser parser = JsonFormat.parser().ignoringUnknownFields();
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT_MAX)
          .build();

  @Override
  public <Q extends Message, S extends Message> Answer<S> call(
      Node node,
      MethodDescriptor<Q, S> method,
      Q request,
      Map<String, String> headers,
      Duration timeout)
      throws CallFailedException {
    HttpResponse<String> response = send(node, method, text(request), headers, timeout);
    if (response.statusCode() != 200) {
      String outcome =
          response
              .headers()
              .firstValue("trailer-" + CallFailedException.OUTCOME_TRAILER)
              .orElse("");
      throw ConnectFailures.of(response.statusCode(), response.body(), outcome);
    }
    Map<String, String> received = new HashMap<>();
    response.headers().map().forEach((name, values) -> received.put(name, values.get(0)));
    return new Answer<>(parsed(method, response.body()), received);
  }

  private HttpResponse<String> send(
      Node node,
      MethodDescriptor<?, ?> method,
      String body,
      Map<String, String> headers,
      Duration timeout)
      throws CallFailedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(node.uri("/" + method.getFullMethodName()))
            .timeout(timeout.plus(GRACE))
            .header("Content-Type", "application/json")
            .header("Connect-Protocol-Version", "1")
            .header("Connect-Timeout-Ms", Long.toString(timeout.toMillis()))
            .POST(HttpRequest.BodyPublishers.ofString(body));
    headers.forEach(request::header);
    try {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw ConnectFailures.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CallFailedException("canceled", "interrupted", e);
    }
  }

  private String text(Message request) {
    try {
      return printer.print(request);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("cannot be written as JSON: " + request, e);
    }
  }

  private <S extends Message> S parsed(MethodDescriptor<?, S> method, String body)
      throws CallFailedException {
    PrototypeMarshaller<S> marshaller = (PrototypeMarshaller<S>) method.getResponseMarshaller();
    S prototype = java.util.Objects.requireNonNull(marshaller.getMessagePrototype());
    Message.Builder answer = prototype.newBuilderForType();
    try {
      parser.merge(body, answer);
    } catch (InvalidProtocolBufferException e) {
      throw new CallFailedException("malformed_answer", body, e);
    }
    return marshaller.getMessageClass().cast(answer.build());
  }

  @Override
  public Asset upload(
      Node node,
      UploadAssetMetadata metadata,
      RandomContent content,
      Map<String, String> headers,
      Duration timeout)
      throws CallFailedException {
    Map<String, String> more = new HashMap<>(headers);
    more.put("Connect-Timeout-Ms", Long.toString(timeout.toMillis()));
    return Uploads.overConnect(
        http,
        node.uri("/asset.v1.AssetManagerService/UploadAsset"),
        metadata,
        content.open(),
        more,
        timeout.plus(GRACE));
  }
}
