package dev.assetmanagerd.connect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.connect.testing.v1.Probe;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** gRPC-Web, binary and as text, as browsers speak it. */
class GrpcWebTest {
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
  void trailersAreTheLastMessage(HttpClient.Version version) throws Exception {
    Probe probe = Probe.newBuilder().setText("hi").build();

    HttpResponse<byte[]> response =
        post("application/grpc-web+proto", version, RawHttp.envelope(0, probe.toByteArray()));

    assertThat(response.version()).isEqualTo(version);
    assertThat(response.headers().firstValue("content-type"))
        .contains("application/grpc-web+proto");
    assertThat(response.headers().firstValue("x-peer").orElseThrow()).endsWith(" grpc-web");
    assertThat(response.body()).isEqualTo(expected(probe, "grpc-status: 0\r\nx-last: nine\r\n"));
  }

  @Test
  void textIsBase64BothWays() throws Exception {
    Probe probe = Probe.newBuilder().setText("hello").build();
    byte[] request = Base64.getEncoder().encode(RawHttp.envelope(0, probe.toByteArray()));

    HttpResponse<byte[]> response =
        post("application/grpc-web-text+proto", HttpClient.Version.HTTP_1_1, request);

    assertThat(response.headers().firstValue("content-type"))
        .contains("application/grpc-web-text+proto");
    assertThat(decodedRuns(response.body()))
        .isEqualTo(expected(probe, "grpc-status: 0\r\nx-last: nine\r\n"));
  }

  @Test
  void anErrorWithoutAMessageIsInTheHeaders() throws Exception {
    Probe probe = Probe.newBuilder().setOrder(ProbeService.FAIL).build();

    HttpResponse<byte[]> response =
        post(
            "application/grpc-web",
            HttpClient.Version.HTTP_2,
            RawHttp.envelope(0, probe.toByteArray()));

    assertThat(response.headers().firstValue("grpc-status")).contains("5");
    assertThat(response.headers().firstValue("grpc-message"))
        .contains("no probe \"\" %E2%80%93 100 %25");
    assertThat(response.body()).isEmpty();
  }

  private static HttpResponse<byte[]> post(
      String contentType, HttpClient.Version version, byte[] body) throws Exception {
    return client.send(
        HttpRequest.newBuilder(server.uri("Echo"))
            .version(version)
            .header("Content-Type", contentType)
            .header("X-Ask", "nine")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build(),
        HttpResponse.BodyHandlers.ofByteArray());
  }

  private static byte[] expected(Probe probe, String trailers) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(RawHttp.envelope(0, probe.toByteArray()));
    body.writeBytes(
        RawHttp.envelope(Envelope.WEB_TRAILERS, trailers.getBytes(StandardCharsets.US_ASCII)));
    return body.toByteArray();
  }

  /** Decodes runs of base64 that each have their padding. */
  private static byte[] decodedRuns(byte[] text) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < text.length; i += 4) {
      out.writeBytes(Base64.getDecoder().decode(Arrays.copyOfRange(text, i, i + 4)));
    }
    return out.toByteArray();
  }
}
