package dev.assetmanagerd.connect;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryOfRequestsTest {
  private static final String JSON = "content-type: application/json\n";
  private static final int TOTAL_BYTES = 512 * 1024;
  private static final int PART_BYTES = 200 * 1024;

  private final ProbeServer server =
      ProbeServer.start(options -> options.maxTotalBytes(TOTAL_BYTES));
  private final List<RawHttp> slow = new ArrayList<>();

  @AfterEach
  void stop() throws Exception {
    for (RawHttp http : slow) {
      http.close();
    }
    server.close();
  }

  @Test
  void callersThatNeverFinishTheirRequestsCannotFillTheMemory() throws Exception {
    sendPart();
    sendPart();
    String large = "{\"text\": \"" + "x".repeat(PART_BYTES) + "\"}";
    awaitStatus(large, 429);
    assertThat(echo("{\"text\": \"small\"}").statusCode()).as("while there is room").isEqualTo(200);

    slow.get(0).close();
    slow.get(1).close();

    awaitStatus(large, 200);
  }

  @Test
  void whatAFinishedCallHeldIsThereForTheNext() throws Exception {
    String large = "{\"text\": \"" + "x".repeat(PART_BYTES) + "\"}";
    byte[] packed = Compression.GZIP.compress(large.getBytes(StandardCharsets.UTF_8));
    for (int i = 0; i < 10; i++) {
      assertThat(echo(large).statusCode()).as("call %d", i).isEqualTo(200);
      assertThat(echo(large + "]").statusCode()).as("malformed call %d", i).isEqualTo(400);
      assertThat(send(packed, "gzip").statusCode()).as("packed call %d", i).isEqualTo(200);
      assertThat(send(new byte[] {1}, "gzip").statusCode()).as("unpackable %d", i).isEqualTo(400);
    }
  }

  private void awaitStatus(String json, int status) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .ignoreExceptions() // refused before all is sent, the client may see a closed connection
        .untilAsserted(() -> assertThat(echo(json).statusCode()).isEqualTo(status));
  }

  private void sendPart() throws Exception {
    RawHttp http = new RawHttp(server.port());
    slow.add(http);
    http.post(ProbeServer.SERVICE + "Echo", JSON);
    http.chunk(new byte[PART_BYTES]);
  }

  private HttpResponse<String> echo(String json) throws Exception {
    return send(json.getBytes(StandardCharsets.UTF_8), "identity");
  }

  private HttpResponse<String> send(byte[] body, String encoding) throws Exception {
    // One connection for each call; HTTP/1.1, for the upgrade of this client to HTTP/2 loses its
    // place, now and then, where a large answer follows it at once.
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .build()
        .send(
            HttpRequest.newBuilder(server.uri("Echo"))
                .timeout(Duration.ofSeconds(20))
                .header("content-type", "application/json")
                .header("content-encoding", encoding)
                .POST(BodyPublishers.ofByteArray(body))
                .build(),
            BodyHandlers.ofString());
  }
}
