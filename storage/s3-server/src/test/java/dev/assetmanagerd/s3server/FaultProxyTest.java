package dev.assetmanagerd.s3server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FaultProxyTest {
  private static final int SIZE = 300_000;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final byte[] content = content();
  private FaultProxy proxy;
  private URI object;

  @BeforeEach
  void putAnObjectThroughTheProxy() throws Exception {
    S3Server server = S3Server.shared();
    proxy = FaultProxy.start(server.endpoint());
    object = proxy.endpoint().resolve("/" + server.newBucket() + "/object");
    assertThat(put(content).statusCode()).isEqualTo(200);
  }

  @AfterEach
  void stop() throws IOException {
    proxy.close();
  }

  @Test
  void withoutAFaultBytesPassAndRequestsAreCounted() throws Exception {
    assertThat(get().body()).isEqualTo(content);
    assertThat(get().body()).isEqualTo(content);
    assertThat(send(request().method("HEAD", BodyPublishers.noBody())).statusCode()).isEqualTo(200);

    assertThat(proxy.count("GET", "/object")).isEqualTo(2);
    assertThat(proxy.count("PUT", "/object")).isEqualTo(1);
    assertThat(proxy.count("GET", "/another")).isZero();
  }

  @Test
  void anInjectedStatusDoesNotReachTheServerAndEndsWhenItIsHealed() throws Exception {
    proxy.inject(request -> request.method().equals("PUT"), 1, new Fault.Status(503));

    assertThat(put("other".getBytes(US_ASCII)).statusCode()).isEqualTo(503);
    assertThat(get().body()).isEqualTo(content);
    proxy.heal();
    assertThat(put("other".getBytes(US_ASCII)).statusCode()).isEqualTo(200);
    assertThat(get().body()).asString(US_ASCII).isEqualTo("other");
  }

  @Test
  void aShareOfTheRequestsIsHitAndACountedFaultEndsByItself() throws Exception {
    proxy.injectTimes(request -> true, 2, new Fault.Status(500));
    assertThat(get().statusCode()).isEqualTo(500);
    assertThat(get().statusCode()).isEqualTo(500);
    assertThat(get().statusCode()).isEqualTo(200);

    proxy.heal();
    proxy.inject(request -> true, 0.5, new Fault.Status(503));
    int failed = 0;
    for (int i = 0; i < 40; i++) {
      failed += get().statusCode() == 503 ? 1 : 0;
    }
    assertThat(failed).isBetween(8, 32);
  }

  @Test
  void aFlippedBitIsTheOnlyDifference() throws Exception {
    byte[] flipped = content.clone();
    flipped[70_000] ^= 1;
    proxy.injectTimes(request -> true, 1, new Fault.FlipResponse(70_000));
    assertThat(get().body()).isEqualTo(flipped);

    proxy.injectTimes(request -> true, 1, new Fault.FlipRequest(70_000));
    put(content);
    assertThat(get().body()).isEqualTo(flipped);
  }

  @Test
  void aCutAnswerEndsWithAnErrorAndNotWithFewerBytes() {
    proxy.injectTimes(request -> true, 1, new Fault.ResetResponse(100_000));
    assertThatExceptionOfType(IOException.class).isThrownBy(this::get);
    proxy.injectTimes(request -> true, 1, new Fault.TruncateResponse(100_000));
    assertThatExceptionOfType(IOException.class).isThrownBy(this::get);
  }

  @Test
  void whenTheAnswerIsLostTheServerHasDoneItAllTheSame() throws Exception {
    byte[] other = new byte[SIZE];
    proxy.injectTimes(request -> true, 1, new Fault.LostAnswer());
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> put(other));

    assertThat(get().body()).isEqualTo(other);
  }

  @Test
  void aCutRequestStoresNothing() throws Exception {
    proxy.injectTimes(request -> true, 2, new Fault.ResetRequest(100_000));
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> put(new byte[SIZE]));
    proxy.heal();

    assertThat(get().body()).isEqualTo(content);
  }

  @Test
  void aBlackHoleNeverAnswersAndASlowLineTakesItsTime() throws Exception {
    proxy.inject(new Fault.BlackHole());
    assertThatExceptionOfType(HttpTimeoutException.class)
        .isThrownBy(() -> send(request().GET().timeout(Duration.ofMillis(300))));

    proxy.heal();
    proxy.inject(new Fault.Slow(600_000));
    long begin = System.nanoTime();
    assertThat(get().body()).isEqualTo(content);
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .isBetween(Duration.ofMillis(400), Duration.ofSeconds(20));
  }

  private HttpResponse<byte[]> get() throws Exception {
    return send(request().GET());
  }

  private HttpResponse<byte[]> put(byte[] bytes) throws Exception {
    return send(request().PUT(BodyPublishers.ofByteArray(bytes)));
  }

  private HttpRequest.Builder request() {
    return HttpRequest.newBuilder(object);
  }

  private HttpResponse<byte[]> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), BodyHandlers.ofByteArray());
  }

  private static byte[] content() {
    byte[] content = new byte[SIZE];
    new Random(7).nextBytes(content);
    return content;
  }
}
