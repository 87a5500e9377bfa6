package dev.assetmanagerd.storage.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.http.HttpSourceException.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a real HTTP server on a loopback address that this test's rules allow: 127.0.0.2. */
@Timeout(60)
class HttpSourceTest {
  private static final byte[] BYTES = new byte[300_000];

  static {
    new Random(1).nextBytes(BYTES);
  }

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch end = new CountDownLatch(1);
  private final List<HttpServer> servers = new ArrayList<>();
  private final AtomicReference<String> resolved = new AtomicReference<>("127.0.0.2");
  private final AtomicInteger lookups = new AtomicInteger();
  private final AtomicInteger requests = new AtomicInteger();
  private HttpServer server;
  private HttpSource source;

  @BeforeEach
  void start() throws Exception {
    server = serve("127.0.0.2", 0);
    source =
        new HttpSource(
            new HttpSourceOptions(
                List.of("images.test:*", "other.test:*"),
                false,
                true,
                Duration.ofSeconds(5),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                8),
            new CheckedResolver(
                host -> {
                  lookups.incrementAndGet();
                  return new InetAddress[] {InetAddress.getByName(resolved.get())};
                },
                address ->
                    address.getHostAddress().equals("127.0.0.2")
                        ? Optional.empty()
                        : new AddressRules(false).objection(address)),
            SSLContext.getDefault());
  }

  @AfterEach
  void stop() {
    end.countDown();
    source.close();
    servers.forEach(s -> s.stop(0));
    threads.shutdownNow();
  }

  @Test
  void anObjectIsFoundAndReadFromAnyOffset() throws Exception {
    handle("/a", exchange -> ranged(exchange, BYTES, "\"1\""));
    assertThat(source.stat(url("/a")).orElseThrow().sizeBytes()).isEqualTo(BYTES.length);
    for (int offset : new int[] {0, 1, 12345, BYTES.length - 1, BYTES.length, BYTES.length + 9}) {
      assertThat(read("/a", offset)).isEqualTo(from(offset));
    }
  }

  @Test
  void anEmptyObjectIsReadAsEmpty() throws Exception {
    handle("/empty", exchange -> ranged(exchange, new byte[0], "\"1\""));
    assertThat(source.stat(url("/empty")).orElseThrow().sizeBytes()).isZero();
    assertThat(read("/empty", 0)).isEmpty();
  }

  @Test
  void whatIsNotThereIsMissing() throws Exception {
    assertThat(source.stat(url("/nothing"))).isEmpty();
    assertThatThrownBy(() -> read("/nothing", 0)).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aServerThatRefusesHeadIsAskedForOneByte() throws Exception {
    handle(
        "/nohead",
        exchange -> {
          if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(405, -1);
          } else {
            ranged(exchange, BYTES, "\"1\"");
          }
        });
    assertThat(source.stat(url("/nohead")).orElseThrow().sizeBytes()).isEqualTo(BYTES.length);
  }

  @Test
  void aServerThatKnowsNoRangesIsReadPastTheOffset() throws Exception {
    handle("/norange", exchange -> whole(exchange, BYTES));
    assertThat(read("/norange", 250_001)).isEqualTo(from(250_001));
  }

  @Test
  void aRangeIsAskedForWithItsEndAndNothingMoreIsRead() throws Exception {
    List<String> ranges = Collections.synchronizedList(new ArrayList<>());
    handle(
        "/r",
        exchange -> {
          ranges.add(exchange.getRequestHeaders().getFirst("Range"));
          ranged(exchange, BYTES, "\"1\"");
        });
    assertThat(readRange("/r", 0, 10)).isEqualTo(Arrays.copyOf(BYTES, 10));
    assertThat(readRange("/r", 1000, 5000)).isEqualTo(Arrays.copyOfRange(BYTES, 1000, 6000));
    assertThat(readRange("/r", BYTES.length - 3, 10)).isEqualTo(from(BYTES.length - 3));
    assertThat(readRange("/r", BYTES.length + 3, 10)).isEmpty();
    assertThat(ranges)
        .containsExactly(
            "bytes=0-9", "bytes=1000-5999", "bytes=299997-300006", "bytes=300003-300012");
  }

  @Test
  void aRangeThatBreaksOffGoesOnToItsEnd() throws Exception {
    handle("/cutrange", exchange -> cutAfter(exchange, 1000, "\"1\""));
    assertThat(readRange("/cutrange", 5, 2500)).isEqualTo(Arrays.copyOfRange(BYTES, 5, 2505));
    assertThat(requests).hasValue(3);
  }

  @Test
  void aRangeOfAServerThatKnowsNoRangesEndsWhereItShould() throws Exception {
    handle("/norange", exchange -> whole(exchange, BYTES));
    assertThat(readRange("/norange", 100, 50)).isEqualTo(Arrays.copyOfRange(BYTES, 100, 150));
  }

  @Test
  void aTransferThatBreaksOffGoesOnWhereItStopped() throws Exception {
    handle("/cut", exchange -> cutAfter(exchange, 100_000, "\"1\""));
    assertThat(read("/cut", 5)).isEqualTo(from(5));
    assertThat(requests.get()).isBetween(3, 5);
  }

  @Test
  void aTransferThatAlwaysBreaksOffEnds() {
    handle("/broken", exchange -> cutAfter(exchange, 0, "\"1\""));
    assertKind(() -> read("/broken", 0), Kind.UNAVAILABLE);
    assertThat(requests).hasValue(4);
  }

  @Test
  void anObjectThatChangesBetweenTwoPartsOfATransferIsNoticed() {
    handle("/changed", exchange -> cutAfter(exchange, 1000, "\"" + requests.get() + "\""));
    assertKind(() -> read("/changed", 0), Kind.CHANGED);
  }

  @Test
  void anObjectWithoutVersionsThatChangesItsSizeIsNoticed() {
    handle(
        "/grown",
        exchange -> {
          byte[] now = Arrays.copyOf(BYTES, BYTES.length + requests.get());
          cutAfter(exchange, now, 1000, "");
        });
    assertKind(() -> read("/grown", 0), Kind.CHANGED);
  }

  @Test
  void anotherPartThanTheOneAskedForIsRefused() {
    handle(
        "/wrongpart",
        exchange -> {
          exchange.getResponseHeaders().set("Content-Range", "bytes 0-9/" + BYTES.length);
          exchange.sendResponseHeaders(206, 10);
          exchange.getResponseBody().write(BYTES, 0, 10);
        });
    assertKind(() -> read("/wrongpart", 5), Kind.REFUSED);
  }

  @Test
  void anObjectOfUnknownSizeIsRefused() {
    handle("/chunked", exchange -> exchange.sendResponseHeaders(200, 0));
    assertKind(() -> source.stat(url("/chunked")), Kind.REFUSED);
    assertKind(() -> read("/chunked", 0), Kind.REFUSED);
  }

  @Test
  void aServerThatSaysNothingIsGivenUpInTime() {
    handle("/silent", exchange -> awaitEnd());
    long start = System.nanoTime();
    assertKind(() -> source.stat(url("/silent")), Kind.UNAVAILABLE);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void aBodyThatStopsIsGivenUpInTime() {
    handle(
        "/stalled",
        exchange -> {
          exchange.sendResponseHeaders(200, BYTES.length);
          exchange.getResponseBody().write(BYTES, 0, 1);
          exchange.getResponseBody().flush();
          awaitEnd();
        });
    assertKind(() -> read("/stalled", 0), Kind.UNAVAILABLE);
  }

  @Test
  void redirectsAreFollowed() throws Exception {
    handle("/a", exchange -> ranged(exchange, BYTES, "\"1\""));
    handle("/moved", exchange -> redirect(exchange, "a?X-Amz-Signature=1"));
    assertThat(read("/moved", 7)).isEqualTo(from(7));
  }

  @Test
  void redirectsInALoopEnd() {
    handle("/loop", exchange -> redirect(exchange, "/loop"));
    assertKind(() -> source.stat(url("/loop")), Kind.REFUSED);
    assertThat(requests).hasValue(6);
  }

  @Test
  void aRedirectToAHostThatIsNotListedIsRefused() {
    handle("/out", exchange -> redirect(exchange, "http://169.254.169.254/latest"));
    assertThatThrownBy(() -> source.stat(url("/out")))
        .isInstanceOf(InvalidLocationException.class)
        .hasMessageContaining("169.254.169.254");
  }

  @Test
  void aRedirectToAnotherSchemeIsRefused() {
    handle("/file", exchange -> redirect(exchange, "file:///etc/passwd"));
    assertThatThrownBy(() -> source.stat(url("/file")))
        .isInstanceOf(InvalidLocationException.class);
  }

  /** The host of the redirect is listed; only where its name leads to is wrong. */
  @Test
  void aRedirectToAPrivateAddressIsRefused() {
    int port = server.getAddress().getPort();
    handle(
        "/inside",
        exchange -> {
          resolved.set("127.0.0.1");
          redirect(exchange, "http://other.test:" + port + "/a");
        });
    assertThatThrownBy(() -> source.stat(url("/inside")))
        .isInstanceOf(InvalidLocationException.class)
        .hasMessageContaining("an address of this host");
  }

  @Test
  void aNameThatLeadsToAPrivateAddressIsRefusedAndNeverConnectedTo() throws Exception {
    HttpServer inside = serve("127.0.0.1", server.getAddress().getPort());
    AtomicInteger reached = new AtomicInteger();
    inside.createContext("/", exchange -> reached.incrementAndGet());
    resolved.set("127.0.0.1");
    assertThatThrownBy(() -> source.stat(url("/a"))).isInstanceOf(InvalidLocationException.class);
    assertThatThrownBy(() -> read("/a", 0)).isInstanceOf(InvalidLocationException.class);
    assertThat(reached).hasValue(0);
  }

  /** The answer changes right after the look-up whose result was checked. */
  @Test
  void aNameThatChangesItsAddressAfterTheCheckIsNotLookedUpAgain() throws Exception {
    HttpServer inside = serve("127.0.0.1", server.getAddress().getPort());
    AtomicInteger reached = new AtomicInteger();
    inside.createContext("/", exchange -> reached.incrementAndGet());
    handle("/a", exchange -> ranged(exchange, BYTES, "\"1\""));
    try (HttpSource rebound = rebinding()) {
      assertThat(rebound.stat(url("/a"))).isPresent();
    }
    assertThat(lookups).hasValue(1);
    assertThat(reached).hasValue(0);
  }

  private HttpSource rebinding() throws Exception {
    return new HttpSource(
        HttpSourceOptions.of(List.of("images.test:*"), false, true),
        new CheckedResolver(
            host ->
                new InetAddress[] {
                  InetAddress.getByName(lookups.incrementAndGet() == 1 ? "127.0.0.2" : "127.0.0.1")
                },
            address ->
                address.getHostAddress().equals("127.0.0.2")
                    ? Optional.empty()
                    : new AddressRules(false).objection(address)),
        SSLContext.getDefault());
  }

  private HttpServer serve(String address, int port) throws IOException {
    HttpServer started = HttpServer.create(new InetSocketAddress(address, port), 0);
    started.setExecutor(threads);
    started.start();
    servers.add(started);
    return started;
  }

  private void handle(String path, HttpHandler handler) {
    server.createContext(
        path,
        exchange -> {
          requests.incrementAndGet();
          try (exchange) {
            handler.handle(exchange);
          }
        });
  }

  private static void ranged(HttpExchange exchange, byte[] bytes, String etag) throws IOException {
    cutAfter(exchange, bytes, Integer.MAX_VALUE, etag);
  }

  private static void cutAfter(HttpExchange exchange, int limit, String etag) throws IOException {
    cutAfter(exchange, BYTES, limit, etag);
  }

  /** Knows ranges and conditions, and closes the connection after some bytes of each answer. */
  private static void cutAfter(HttpExchange exchange, byte[] bytes, int limit, String etag)
      throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    String condition = exchange.getRequestHeaders().getFirst("If-Range");
    if (!etag.isEmpty()) {
      exchange.getResponseHeaders().set("ETag", etag);
    }
    boolean part = range != null && (condition == null || condition.equals(etag));
    int from = part ? Integer.parseInt(range.replaceAll("bytes=([0-9]+)-.*", "$1")) : 0;
    String last = part ? range.replaceAll("bytes=[0-9]+-", "") : "";
    int to = last.isEmpty() ? bytes.length : Math.min(bytes.length, Integer.parseInt(last) + 1);
    if (part && from >= bytes.length) {
      exchange.getResponseHeaders().set("Content-Range", "bytes */" + bytes.length);
      exchange.sendResponseHeaders(416, -1);
      return;
    }
    if (part) {
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + bytes.length);
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(bytes.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    int length = to - from;
    exchange.sendResponseHeaders(part ? 206 : 200, length == 0 ? -1 : length);
    OutputStream out = exchange.getResponseBody();
    out.write(bytes, from, Math.min(limit, length));
    out.flush();
  }

  private static void whole(HttpExchange exchange, byte[] bytes) throws IOException {
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private static void redirect(HttpExchange exchange, String target) throws IOException {
    exchange.getResponseHeaders().set("Location", target);
    exchange.sendResponseHeaders(302, -1);
  }

  private void awaitEnd() {
    try {
      assertThat(end.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private String url(String path) {
    return "http://images.test:" + server.getAddress().getPort() + path;
  }

  private byte[] read(String path, long offset) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(10_000);
    try (ReadableByteChannel channel = source.open(url(path), offset)) {
      while (channel.read(buffer.clear()) >= 0) {
        all.write(buffer.array(), 0, buffer.position());
      }
    }
    return all.toByteArray();
  }

  private byte[] readRange(String path, long offset, long length) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (ReadableByteChannel channel = source.open(url(path), offset, length)) {
      Channels.newInputStream(channel).transferTo(all);
    }
    return all.toByteArray();
  }

  private static byte[] from(int offset) {
    return Arrays.copyOfRange(BYTES, Math.min(offset, BYTES.length), BYTES.length);
  }

  private static void assertKind(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, Kind kind) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            HttpSourceException.class, e -> assertThat(e.kind()).as(e.toString()).isEqualTo(kind));
  }
}
