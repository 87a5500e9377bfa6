package dev.assetmanagerd.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.connect.testing.v1.Chunk;
import dev.assetmanagerd.connect.testing.v1.DownloadRequest;
import dev.assetmanagerd.connect.testing.v1.Receipt;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Connect's streams over HTTP/1.1 in chunks, as clients behind TLS often speak it. */
class ConnectStreamTest {
  private static final String PROTO = "content-type: application/connect+proto\n";
  private static final Chunk CHUNK =
      Chunk.newBuilder().setData(ByteString.copyFrom(new byte[64 * 1024])).build();

  /** What may lie in socket buffers and in the server between a sender and one that waits. */
  private static final long MOST_BYTES_ON_THE_WAY = 24L * 1024 * 1024;

  private static final int MANY_CHUNKS = 1024; // 64 MiB

  private final ProbeServer server =
      ProbeServer.start(options -> options.streamIdleTimeout(Duration.ofSeconds(30)));
  private final ExecutorService background = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    background.shutdownNow();
    server.close();
  }

  @Test
  void anUploadIsCountedAndTheStreamEndsWithItsTrailers() throws Exception {
    server.service.uploadGate.complete(null);
    try (RawHttp http = new RawHttp(server.port())) {
      http.post(ProbeServer.SERVICE + "Upload", PROTO + "x-ask: five\n");
      for (int i = 0; i < 5; i++) {
        http.message(CHUNK);
      }
      http.endOfBody();

      assertThat(http.readHead())
          .startsWith("http/1.1 200")
          .contains("content-type: application/connect+proto", "x-answer: five");
      List<Envelope> response = envelopes(http.readBody());
      assertThat(response).hasSize(2);
      assertThat(Receipt.parseFrom(response.get(0).payload()))
          .isEqualTo(Receipt.newBuilder().setChunks(5).setSizeBytes(5 * 64 * 1024).build());
      assertThat(response.get(1).flags()).isEqualTo(Envelope.CONNECT_END);
      assertThat(text(response.get(1))).isEqualTo("{\"metadata\":{\"x-last\":[\"five\"]}}");
    }
  }

  @Test
  void anUploadOfAnyLengthMayAnnounceIt() throws Exception {
    server.service.uploadGate.complete(null);
    byte[] chunk = RawHttp.envelope(0, CHUNK.toByteArray());
    int chunks = 320; // 20 MiB, more than most servers take unless told otherwise
    try (RawHttp http = new RawHttp(server.port())) {
      http.postOfLength(ProbeServer.SERVICE + "Upload", PROTO, (long) chunks * chunk.length);
      for (int i = 0; i < chunks; i++) {
        http.write(chunk);
      }

      assertThat(http.readHead()).startsWith("http/1.1 200");
      assertThat(Receipt.parseFrom(envelopes(http.readBody()).get(0).payload()).getChunks())
          .isEqualTo(chunks);
    }
  }

  @Test
  void aClientIsHeldBackWhileTheHandlerIsBusy() throws Exception {
    try (RawHttp http = new RawHttp(server.port())) {
      http.post(ProbeServer.SERVICE + "Upload", PROTO);
      AtomicLong sent = new AtomicLong();
      Future<?> sender = background.submit(() -> sendMany(http, sent));

      awaitStandstill(sent);

      assertThat(server.service.bytesReceived.get()).isEqualTo(64 * 1024);
      assertThat(sent.get()).isLessThan(MOST_BYTES_ON_THE_WAY);
      server.service.uploadGate.complete(null);
      sender.get(60, TimeUnit.SECONDS);
      http.readHead();
      assertThat(Receipt.parseFrom(envelopes(http.readBody()).get(0).payload()).getChunks())
          .isEqualTo(MANY_CHUNKS);
    }
  }

  @Test
  void aHandlerIsHeldBackWhileTheClientDoesNotRead() throws Exception {
    try (RawHttp http = new RawHttp(server.port())) {
      http.post(ProbeServer.SERVICE + "Download", PROTO);
      http.message(
          DownloadRequest.newBuilder().setChunks(MANY_CHUNKS).setChunkBytes(64 * 1024).build());
      http.endOfBody();

      awaitStandstill(server.service.bytesSent);

      assertThat(server.service.bytesSent.get()).isLessThan(MOST_BYTES_ON_THE_WAY);
      http.readHead();
      long received = 0;
      for (byte[] chunk = http.readChunk(); chunk.length > 0; chunk = http.readChunk()) {
        received += chunk.length;
      }
      assertThat(received).isGreaterThan(MANY_CHUNKS * 64L * 1024);
    }
  }

  @Test
  void aRefusalReachesAClientThatIsStillSending() throws Exception {
    server.service.uploadGate.complete(null);
    try (RawHttp http = new RawHttp(server.port())) {
      http.post(ProbeServer.SERVICE + "Upload", PROTO);
      http.message(CHUNK);
      http.message(Chunk.newBuilder().setData(ProbeService.REFUSED).build());
      Future<?> sender = background.submit(() -> sendMany(http, new AtomicLong()));

      assertThat(http.readHead()).startsWith("http/1.1 200");
      assertThat(endOfStream(http))
          .isEqualTo("{\"error\":{\"code\":\"already_exists\",\"message\":\"no more of that\"}}");
      await().atMost(Duration.ofSeconds(30)).until(sender::isDone);
    }
  }

  @Test
  void aClientThatFallsSilentIsToldSo() throws Exception {
    try (ProbeServer impatient =
            ProbeServer.start(options -> options.streamIdleTimeout(Duration.ofMillis(300)));
        RawHttp http = new RawHttp(impatient.port())) {
      impatient.service.uploadGate.complete(null);
      http.post(ProbeServer.SERVICE + "Upload", PROTO);
      http.message(CHUNK);

      http.readHead();
      assertThat(endOfStream(http)).contains("\"deadline_exceeded\"", "300 ms");
      await().until(() -> impatient.service.uploadsEndedByError.get() == 1);
    }
  }

  @Test
  void aHandlerHearsOfAClientThatGoesAway() throws Exception {
    try (RawHttp http = new RawHttp(server.port())) {
      http.post(ProbeServer.SERVICE + "Upload", PROTO);
      http.message(CHUNK);
      await().until(() -> server.service.bytesReceived.get() > 0);
    }
    server.service.uploadGate.complete(null);

    await().until(() -> server.service.uploadsEndedByError.get() == 1);
  }

  @Test
  void aCallInFlightFinishesWhileTheServerStops() throws Exception {
    server.service.uploadGate.complete(null);
    try (RawHttp http = new RawHttp(server.port())) {
      http.post(ProbeServer.SERVICE + "Upload", PROTO);
      http.message(CHUNK);
      await().until(() -> server.service.bytesReceived.get() > 0);

      CompletableFuture<Void> stopped = server.stop();
      http.message(CHUNK);
      await().until(() -> server.service.bytesReceived.get() == 2 * 64 * 1024);
      assertThat(stopped).isNotDone();
      http.endOfBody();

      http.readHead();
      assertThat(Receipt.parseFrom(envelopes(http.readBody()).get(0).payload()).getChunks())
          .isEqualTo(2);
      stopped.get(20, TimeUnit.SECONDS);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // flags, claimed length, bytes sent, what is said
        "1|3|3|internal|no encoding was named",
        "2|2|2|invalid_argument|only the server ends a stream",
        "0|9|3|invalid_argument|ended within a message",
        "0|300000|3|resource_exhausted|262144 bytes",
        "0|3|3|invalid_argument|malformed connect.test.v1.Chunk",
      })
  void aBadEnvelopeIsATypedError(int flags, int length, int sent, String code, String message)
      throws Exception {
    server.service.uploadGate.complete(null);
    byte[] envelope = RawHttp.envelope(flags, new byte[] {-1, -1, -1});
    envelope[1] = (byte) (length >>> 24);
    envelope[2] = (byte) (length >>> 16);
    envelope[3] = (byte) (length >>> 8);
    envelope[4] = (byte) length;
    try (RawHttp http = new RawHttp(server.port())) {
      http.post(ProbeServer.SERVICE + "Upload", PROTO);
      http.chunk(java.util.Arrays.copyOf(envelope, 5 + sent));
      http.endOfBody();

      http.readHead();
      assertThat(endOfStream(http)).contains("\"code\":\"" + code + "\"").contains(message);
    }
  }

  private Void sendMany(RawHttp http, AtomicLong sent) throws IOException {
    for (int i = 0; i < MANY_CHUNKS; i++) {
      http.message(CHUNK);
      sent.addAndGet(CHUNK.getData().size());
    }
    http.endOfBody();
    return null;
  }

  private static void awaitStandstill(AtomicLong counter) {
    await().until(() -> counter.get() > 0);
    AtomicLong before = new AtomicLong();
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(750))
        .until(() -> before.getAndSet(counter.get()) == counter.get());
  }

  private static String endOfStream(RawHttp http) throws IOException {
    List<Envelope> response = envelopes(http.readBody());
    Envelope last = response.get(response.size() - 1);
    assertThat(last.flags()).isEqualTo(Envelope.CONNECT_END);
    return text(last);
  }

  private static String text(Envelope envelope) {
    return new String(envelope.payload(), StandardCharsets.UTF_8);
  }

  private static List<Envelope> envelopes(byte[] body) throws IOException {
    List<Envelope> envelopes = new ArrayList<>();
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(body));
    while (in.available() > 0) {
      int flags = in.readUnsignedByte();
      byte[] payload = new byte[in.readInt()];
      in.readFully(payload);
      envelopes.add(new Envelope(flags, payload));
    }
    return envelopes;
  }
}
