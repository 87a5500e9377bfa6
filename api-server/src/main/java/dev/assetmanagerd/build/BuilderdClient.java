package dev.assetmanagerd.build;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.RequestHeadersBuilder;
import dev.assetmanagerd.builderd.v1.BuildConfig;
import dev.assetmanagerd.builderd.v1.BuildJob;
import dev.assetmanagerd.builderd.v1.CreateBuildRequest;
import dev.assetmanagerd.builderd.v1.CreateBuildResponse;
import dev.assetmanagerd.builderd.v1.GetBuildRequest;
import dev.assetmanagerd.builderd.v1.GetBuildResponse;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Speaks Connect with builderd: unary calls, binary messages. */
final class BuilderdClient implements Builderd {
  static final String SERVICE_PATH = "/deploy.builderd.v1.BuilderService/";

  private static final int MAX_RESPONSE_BYTES = 1 << 20;
  private static final MediaType PROTO = MediaType.create("application", "proto");

  private final WebClient http;
  private final Duration callTimeout;

  /**
   * @param endpoint with scheme http or https; a path in it goes before that of the service
   * @param callTimeout bound of one call
   * @param connections makes them; stays the caller's to close
   */
  BuilderdClient(URI endpoint, Duration callTimeout, ClientFactory connections) {
    this.callTimeout = callTimeout;
    this.http =
        WebClient.builder(withProtocol(endpoint))
            .factory(connections)
            .responseTimeout(callTimeout)
            .writeTimeout(callTimeout)
            .maxResponseLength(MAX_RESPONSE_BYTES)
            .build();
  }

  /** Without encryption, HTTP/1.1: not every server takes HTTP/2 unasked then. */
  private static URI withProtocol(URI endpoint) {
    String text = endpoint.toString();
    String withoutSlash = text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    return URI.create(
        withoutSlash.startsWith("http://")
            ? "h1c://" + withoutSlash.substring("http://".length())
            : withoutSlash);
  }

  @Override
  public CompletableFuture<CreateBuildResponse> create(BuildConfig config, String requestKey) {
    return call(
            "CreateBuild",
            CreateBuildRequest.newBuilder().setConfig(config).build(),
            requestKey,
            CreateBuildResponse.parser())
        .thenApply(
            response -> {
              if (response.getBuildId().isEmpty()) {
                throw BuilderdErrors.unreadable("it has no build_id");
              }
              return response;
            });
  }

  @Override
  public CompletableFuture<BuildJob> get(String buildId) {
    return call(
            "GetBuild",
            GetBuildRequest.newBuilder().setBuildId(buildId).build(),
            null,
            GetBuildResponse.parser())
        .thenApply(GetBuildResponse::getBuild);
  }

  private <S> CompletableFuture<S> call(
      String method, MessageLite request, @Nullable String requestKey, Parser<S> parser) {
    RequestHeadersBuilder headers =
        RequestHeaders.builder(HttpMethod.POST, SERVICE_PATH + method)
            .contentType(PROTO)
            .add("connect-protocol-version", "1")
            .add("connect-timeout-ms", Long.toString(callTimeout.toMillis()))
            .add(HttpHeaderNames.ACCEPT_ENCODING, "identity");
    if (requestKey != null) {
      headers.add("idempotency-key", requestKey);
    }
    return http.execute(HttpRequest.of(headers.build(), HttpData.wrap(request.toByteArray())))
        .aggregate()
        .handle(
            (response, failure) -> {
              if (failure != null) {
                throw BuilderdErrors.withoutAnswer(failure);
              }
              return message(response, parser);
            });
  }

  private static <S> S message(AggregatedHttpResponse response, Parser<S> parser) {
    if (!response.status().equals(HttpStatus.OK)) {
      throw BuilderdErrors.of(response);
    }
    try {
      return parser.parseFrom(response.content().array());
    } catch (InvalidProtocolBufferException e) {
      throw BuilderdErrors.unreadable(String.valueOf(e.getMessage()));
    }
  }
}
