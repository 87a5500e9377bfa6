package dev.assetmanagerd.storage.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.http.HttpSourceException.Kind;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Over TLS, against a real server with a certificate of an authority of this test's own. */
@Timeout(60)
class EncryptedSourceTest {
  private static final byte[] BYTES = new byte[200_000];
  private static final ExecutorService THREADS = Executors.newCachedThreadPool();
  private static final AtomicInteger PLAIN_REQUESTS = new AtomicInteger();
  private static HttpsServer server;
  private static HttpServer plain;
  private static SSLContext trusting;

  static {
    new Random(3).nextBytes(BYTES);
  }

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    TestAuthority authority = new TestAuthority(directory);
    trusting = authority.client();
    server = HttpsServer.create(loopback(), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(authority.server("images.test")));
    server.setExecutor(THREADS);
    server.createContext("/a", new RangedFile(BYTES, "\"1\""));
    server.start();
    plain = HttpServer.create(loopback(), 0);
    plain.createContext(
        "/a",
        exchange -> {
          PLAIN_REQUESTS.incrementAndGet();
          new RangedFile(BYTES, "\"1\"").handle(exchange);
        });
    plain.start();
    server.createContext(
        "/down",
        exchange -> {
          exchange
              .getResponseHeaders()
              .set("Location", "http://images.test:" + plain.getAddress().getPort() + "/a");
          exchange.sendResponseHeaders(302, -1);
          exchange.close();
        });
  }

  @AfterAll
  static void stop() {
    server.stop(0);
    plain.stop(0);
    THREADS.shutdownNow();
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private static HttpSource source(SSLContext tls) {
    return new HttpSource(
        HttpSourceOptions.of(List.of("images.test:*", "other.test:*"), true, true),
        new CheckedResolver(
            host -> new InetAddress[] {InetAddress.getLoopbackAddress()},
            address -> Optional.empty()),
        tls);
  }

  private static String url(String host, String path) {
    return "https://" + host + ":" + server.getAddress().getPort() + path;
  }

  @Test
  void aServerOfATrustedAuthorityIsRead() throws Exception {
    try (HttpSource source = source(trusting)) {
      assertThat(source.stat(url("images.test", "/a")).orElseThrow().sizeBytes())
          .isEqualTo(BYTES.length);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      try (ReadableByteChannel channel = source.open(url("images.test", "/a"), 0)) {
        Channels.newInputStream(channel).transferTo(all);
      }
      assertThat(all.toByteArray()).isEqualTo(BYTES);
    }
  }

  @Test
  void aServerOfAnUnknownAuthorityIsRefusedAndNotTriedAgain() throws Exception {
    try (HttpSource source = source(SSLContext.getDefault())) {
      assertRefused(() -> source.stat(url("images.test", "/a")));
      assertRefused(() -> source.open(url("images.test", "/a"), 0));
    }
  }

  @Test
  void aCertificateForAnotherNameIsRefused() {
    try (HttpSource source = source(trusting)) {
      assertRefused(() -> source.stat(url("other.test", "/a")));
    }
  }

  @Test
  void aRedirectAwayFromEncryptionIsRefusedAlsoWherePlainAddressesAreAllowed() throws Exception {
    try (HttpSource source = source(trusting)) {
      String target = "http://images.test:" + plain.getAddress().getPort() + "/a";
      assertThat(source.stat(target)).as("asked for as it is").isPresent();
      int before = PLAIN_REQUESTS.get();

      assertThatThrownBy(() -> source.stat(url("images.test", "/down")))
          .isInstanceOf(InvalidLocationException.class)
          .hasMessageContaining("https is required");
      assertThat(PLAIN_REQUESTS).hasValue(before);
    }
  }

  private static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            HttpSourceException.class,
            e -> assertThat(e.kind()).as(e.toString()).isEqualTo(Kind.REFUSED))
        .hasMessageContaining("certificate that is not trusted");
  }
}
