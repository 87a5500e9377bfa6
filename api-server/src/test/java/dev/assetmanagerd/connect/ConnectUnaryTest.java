package dev.assetmanagerd.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import dev.assetmanagerd.connect.testing.v1.Probe;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Connect's unary calls, as curl and browsers make them. */
class ConnectUnaryTest {
  private static final HttpClient client = HttpClient.newHttpClient();
  private static ProbeServer server;

  @BeforeAll
  static void start() {
    server = ProbeServer.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void jsonInJsonOut(HttpClient.Version version) throws Exception {
    HttpResponse<String> response =
        send(json("Echo", "{\"text\": \"hi\", \"big_number\": 7}").version(version));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.version()).isEqualTo(version);
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    assertThat(response.body()).isEqualTo("{\"text\":\"hi\",\"bigNumber\":\"7\"}");
  }

  @Test
  void protoInProtoOut() throws Exception {
    Probe probe = Probe.newBuilder().setText("hi").setData(ByteString.fromHex("00ff")).build();

    HttpResponse<byte[]> response =
        client.send(
            request("Echo", "application/proto")
                .POST(HttpRequest.BodyPublishers.ofByteArray(probe.toByteArray()))
                .build(),
            HttpResponse.BodyHandlers.ofByteArray());

    assertThat(response.headers().firstValue("content-type")).contains("application/proto");
    assertThat(Probe.parseFrom(response.body())).isEqualTo(probe);
  }

  @Test
  void metadataPassesBothWaysAndTrailersAreHeaders() throws Exception {
    HttpResponse<String> response = send(json("Echo", "{}").header("X-Ask", "index 5"));

    assertThat(response.headers().firstValue("x-answer")).contains("index 5");
    assertThat(response.headers().firstValue("trailer-x-last")).contains("index 5");
    assertThat(response.headers().firstValue("x-peer").orElseThrow())
        .contains("127.0.0.1")
        .endsWith(" connect");
  }

  @Test
  void anErrorHasItsCodeMessageAndDetails() throws Exception {
    HttpResponse<String> response =
        send(json("Echo", "{\"text\": \"x\", \"order\": \"fail\"}").header("X-Ask", "1"));

    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.headers().firstValue("trailer-x-last")).contains("1");
    JsonObject error = error(response);
    assertThat(error.get("code").getAsString()).isEqualTo("not_found");
    assertThat(error.get("message").getAsString()).isEqualTo("no probe \"x\" – 100 %");
    JsonObject detail = error.getAsJsonArray("details").get(0).getAsJsonObject();
    assertThat(detail.get("type").getAsString()).isEqualTo("connect.test.v1.Probe");
    assertThat(Probe.parseFrom(Base64.getDecoder().decode(detail.get("value").getAsString())))
        .isEqualTo(Probe.newBuilder().setText("detail").build());
    assertThat(detail.getAsJsonObject("debug").get("text").getAsString()).isEqualTo("detail");
  }

  @Test
  void anExceptionOfTheHandlerIsInternalAndTellsNothing() throws Exception {
    HttpResponse<String> response = send(json("Echo", "{\"text\": \"x\", \"order\": \"crash\"}"));

    assertThat(response.statusCode()).isEqualTo(500);
    assertThat(error(response).get("code").getAsString()).isEqualTo("internal");
    assertThat(response.body()).doesNotContain("secret");
  }

  @Test
  void aPassedDeadlineIsAnsweredAndCancelsTheHandler() {
    // On a busy machine the deadline may pass before the handler is reached, so it is tried again.
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              HttpResponse<String> response =
                  send(json("Echo", "{\"order\": \"hang\"}").header("Connect-Timeout-Ms", "300"));
              assertThat(response.statusCode()).isEqualTo(504);
              assertThat(error(response).get("code").getAsString()).isEqualTo("deadline_exceeded");
              return server.service.hangingCallCancelled.isDone();
            });
  }

  @ParameterizedTest
  @CsvSource({
    "Connect-Timeout-Ms,soon",
    "Connect-Timeout-Ms,12345678901",
    "Connect-Timeout-Ms,-1",
    "Connect-Protocol-Version,2"
  })
  void aHeaderThatMakesNoSenseIsAnInvalidArgument(String name, String value) throws Exception {
    HttpResponse<String> response = send(json("Echo", "{}").header(name, value));

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(error(response).get("code").getAsString()).isEqualTo("invalid_argument");
    assertThat(error(response).get("message").getAsString()).contains(name).contains(value);
  }

  @Test
  void anUnknownEnumNameIsAnInvalidArgument() throws Exception {
    HttpResponse<String> response = send(json("Echo", "{\"colour\": \"GREEN\"}"));

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(error(response).get("message").getAsString()).contains("colour").contains("GREEN");
  }

  @Test
  void aMessageOverTheLimitIsResourceExhausted() throws Exception {
    String large = "a".repeat(ProbeServer.MAX_MESSAGE_BYTES);

    HttpResponse<String> response = send(json("Echo", "{\"text\": \"" + large + "\"}"));

    assertThat(response.statusCode()).isEqualTo(429);
    assertThat(error(response).get("code").getAsString()).isEqualTo("resource_exhausted");
  }

  @Test
  void aCompressedBombIsResourceExhausted() throws Exception {
    byte[] bomb = Compression.GZIP.compress(new byte[8 * 1024 * 1024]);

    HttpResponse<String> response =
        send(
            request("Echo", "application/json")
                .header("Content-Encoding", "gzip")
                .POST(HttpRequest.BodyPublishers.ofByteArray(bomb)));

    assertThat(response.statusCode()).isEqualTo(429);
  }

  @Test
  void compressionIsSpokenBothWays() throws Exception {
    byte[] body =
        Compression.GZIP.compress("{\"order\": \"talk\"}".getBytes(StandardCharsets.UTF_8));

    HttpResponse<byte[]> response =
        client.send(
            request("Echo", "application/json")
                .header("Content-Encoding", "gzip")
                .header("Accept-Encoding", "gzip")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build(),
            HttpResponse.BodyHandlers.ofByteArray());

    assertThat(response.headers().firstValue("content-encoding")).contains("gzip");
    assertThat(Compression.GZIP.decompress(response.body(), 1_000_000))
        .asString(StandardCharsets.UTF_8)
        .startsWith("{\"text\":\"word word ");
  }

  @Test
  void anUnknownCompressionIsUnimplemented() throws Exception {
    HttpResponse<String> response = send(json("Echo", "{}").header("Content-Encoding", "br"));

    assertThat(response.statusCode()).isEqualTo(501);
    assertThat(error(response).get("message").getAsString()).contains("br").contains("gzip");
  }

  @Test
  void whatChangesNothingMayBeCalledByGet() throws Exception {
    String base64 =
        Base64.getUrlEncoder().encodeToString("{\"text\":\"?>\"}".getBytes(StandardCharsets.UTF_8));

    HttpResponse<String> response =
        send(get("Look?connect=v1&encoding=json&base64=1&message=" + base64));
    HttpResponse<String> plain =
        send(get("Look?encoding=json&message=%7B%22text%22%3A%22plain%22%7D"));

    assertThat(JsonParser.parseString(response.body()).getAsJsonObject().get("text").getAsString())
        .isEqualTo("?>");
    assertThat(plain.body()).isEqualTo("{\"text\":\"plain\"}");
  }

  @ParameterizedTest
  @CsvSource({
    "Look?message=%7B%7D,400,encoding",
    "Look?encoding=json,400,message",
    "Look?encoding=json&message=*&base64=1,400,base64",
    "Look?encoding=json&message=%7B%7D&connect=v2,400,v1",
    "Look?encoding=xml&message=a,415,application/xml",
    "Echo?encoding=json&message=%7B%7D,405,POST",
  })
  void aWrongGetIsRefusedWithAReason(String path, int status, String reason) throws Exception {
    HttpResponse<String> response = send(get(path));

    assertThat(response.statusCode()).isEqualTo(status);
    if (status == 415) {
      assertThat(response.headers().firstValue("accept-post").orElseThrow()).contains("json");
    } else {
      assertThat(response.body()).contains(reason);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "Echo,text/plain",
    "Echo,application/xml",
    "Echo,application/connect+json",
    "Echo,application/json; charset=latin1",
    "Upload,application/json",
    "Upload,application/grpc+xml",
  })
  void aContentTypeOfAnotherKindIs415AndNamesTheRightOnes(String method, String type)
      throws Exception {
    HttpResponse<String> response =
        send(request(method, type).POST(HttpRequest.BodyPublishers.ofString("{}")));

    assertThat(response.statusCode()).isEqualTo(415);
    assertThat(response.headers().firstValue("accept-post").orElseThrow())
        .contains("application/grpc");
  }

  @Test
  void otherVerbsAre405() throws Exception {
    HttpResponse<String> response =
        send(request("Echo", "application/json").PUT(HttpRequest.BodyPublishers.ofString("{}")));

    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(response.headers().firstValue("allow")).contains("POST");
  }

  @Test
  void anUnknownMethodIsUnimplementedAndAnUnknownServiceIsNotFound() throws Exception {
    HttpResponse<String> method = send(json("NoSuchMethod", "{}"));
    HttpResponse<String> service =
        send(
            HttpRequest.newBuilder(server.uri("Echo").resolve("/no.Such/Method"))
                .POST(HttpRequest.BodyPublishers.ofString("{}")));

    assertThat(method.statusCode()).isEqualTo(404);
    assertThat(error(method).get("code").getAsString()).isEqualTo("unimplemented");
    assertThat(service.statusCode()).isEqualTo(404);
  }

  @Test
  void aBrowserMayAskAndReadWhatItNeeds() throws Exception {
    HttpResponse<String> preflight =
        send(
            HttpRequest.newBuilder(server.uri("Echo"))
                .header("Origin", "https://console.example")
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "connect-protocol-version,content-type")
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody()));
    HttpResponse<String> call =
        send(json("Echo", "{}").header("Origin", "https://console.example"));

    assertThat(preflight.statusCode()).isEqualTo(200);
    assertThat(preflight.headers().firstValue("access-control-allow-methods").orElseThrow())
        .contains("POST");
    assertThat(preflight.headers().firstValue("access-control-allow-headers").orElseThrow())
        .contains("connect-protocol-version");
    assertThat(call.headers().firstValue("access-control-expose-headers").orElseThrow())
        .contains("grpc-status-details-bin");
  }

  private static HttpRequest.Builder json(String method, String body) {
    return request(method, "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
  }

  private static HttpRequest.Builder request(String method, String contentType) {
    return HttpRequest.newBuilder(server.uri(method))
        .version(HttpClient.Version.HTTP_1_1)
        .header("Content-Type", contentType);
  }

  private static HttpRequest.Builder get(String pathAndQuery) {
    return HttpRequest.newBuilder(URI.create(server.uri("") + pathAndQuery));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static JsonObject error(HttpResponse<String> response) {
    assertThat(response.headers().firstValue("content-type").orElseThrow())
        .startsWith("application/json");
    return JsonParser.parseString(response.body()).getAsJsonObject();
  }
}
