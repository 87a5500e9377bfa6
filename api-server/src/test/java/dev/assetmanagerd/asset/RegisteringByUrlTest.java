package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import dev.assetmanagerd.storage.http.HttpSource;
import dev.assetmanagerd.storage.http.HttpSourceOptions;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Assets whose bytes are on a web server, on a node that stores its own in a local directory. */
@Timeout(60)
class RegisteringByUrlTest {
  private static final byte[] BYTES = bytes(50_000, 1);

  @TempDir private Path directory;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch end = new CountDownLatch(1);
  private final Map<String, byte[]> files = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();

  @SuppressWarnings("NullAway.Init") // set before each test
  private HttpServer server;

  @SuppressWarnings("NullAway.Init") // set before each test
  private HttpSource source;

  @SuppressWarnings("NullAway.Init") // set before each test
  private BlobCache cache;

  @SuppressWarnings("NullAway.Init") // set before each test
  private ServiceFixture service;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::serve);
    server.start();
    source = new HttpSource(HttpSourceOptions.of(List.of("127.0.0.1:*"), true, true));
    cache =
        BlobCache.open(
            BlobCacheOptions.of(directory.resolve("cache"), 10 << 20, 2, Duration.ofSeconds(10)),
            digests -> Set.of(),
            Clock.systemUTC());
    service =
        ServiceFixture.withCopies(
            directory,
            new LocalCopies(
                Optional.of(cache),
                Map.of(StorageBackend.STORAGE_BACKEND_HTTP, source),
                digest -> List.of()));
    files.put("/images/initrd.img", BYTES);
  }

  @AfterEach
  void stop() {
    end.countDown();
    service.close();
    cache.close();
    source.close();
    server.stop(0);
    threads.shutdownNow();
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      requests.add(exchange.getRequestMethod() + " " + path);
      byte[] file = files.get(path);
      if (path.equals("/silent")) {
        exchange.sendResponseHeaders(200, exchange.getRequestMethod().equals("HEAD") ? -1 : 5000);
        exchange.getResponseBody().write(BYTES, 0, 10);
        exchange.getResponseBody().flush();
        var unused = end.await(30, TimeUnit.SECONDS);
      } else if (path.equals("/forbidden")) {
        exchange.sendResponseHeaders(403, -1);
      } else if (file == null) {
        exchange.sendResponseHeaders(404, -1);
      } else if (exchange.getRequestMethod().equals("HEAD")) {
        exchange.getResponseHeaders().set("Content-Length", String.valueOf(file.length));
        exchange.sendResponseHeaders(200, -1);
      } else {
        exchange.sendResponseHeaders(200, file.length);
        exchange.getResponseBody().write(file);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  private RegisterAssetRequest.Builder request(String path) {
    return RegisterAssetRequest.newBuilder()
        .setName("from outside")
        .setType(AssetType.ASSET_TYPE_INITRD)
        .setBackend(StorageBackend.STORAGE_BACKEND_HTTP)
        .setLocation(url(path));
  }

  private Asset register(RegisterAssetRequest.Builder request) {
    return service.stub().registerAsset(request.build()).getAsset();
  }

  private long gets(String path) {
    return requests.stream().filter(request -> request.equals("GET " + path)).count();
  }

  private Path local(Asset asset) {
    return Path.of(
        service
            .stub()
            .getAsset(
                GetAssetRequest.newBuilder().setId(asset.getId()).setEnsureLocal(true).build())
            .getLocalPath());
  }

  @Test
  void sizeAndChecksumAreThoseOfTheBytesThere() {
    Asset asset = register(request("/images/initrd.img"));

    assertThat(asset.getBackend()).isEqualTo(StorageBackend.STORAGE_BACKEND_HTTP);
    assertThat(asset.getLocation()).isEqualTo(url("/images/initrd.img"));
    assertThat(asset.getSizeBytes()).isEqualTo(BYTES.length);
    assertThat(asset.getChecksum()).isEqualTo(sha256(BYTES));
    assertThat(service.filesInStore()).as("the own store").isEmpty();
  }

  @Test
  void whatWasReadToRegisterItIsInTheCacheAndNotFetchedAgain() {
    Asset asset =
        register(
            request("/images/initrd.img").setSizeBytes(BYTES.length).setChecksum(sha256(BYTES)));

    assertThat(local(asset)).hasBinaryContent(BYTES).startsWith(directory.resolve("cache"));
    assertThat(gets("/images/initrd.img")).isEqualTo(1);
  }

  @Test
  void anotherSizeOrChecksumThanThereIsAFailedPrecondition() {
    assertFails(
        request("/images/initrd.img").setSizeBytes(7),
        Status.Code.FAILED_PRECONDITION,
        "size_bytes: is 7, but 50000 bytes");
    assertFails(
        request("/images/initrd.img").setChecksum(sha256(new byte[1])),
        Status.Code.FAILED_PRECONDITION,
        "checksum: is "
            + sha256(new byte[1])
            + ", but the bytes at the location have "
            + sha256(BYTES));
  }

  /** The cache has the digest that is asked for, and that says nothing of this address. */
  @Test
  void otherBytesThanAskedForAreNoticedAlsoWhereTheCacheHasTheRightOnes() {
    register(request("/images/initrd.img").setId("right"));
    files.put("/wrong", bytes(BYTES.length, 2));

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> register(request("/wrong").setChecksum(sha256(BYTES))));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(service.registry.everything()).hasSize(1);
  }

  @Test
  void whatTheSourceDoesNotGiveIsSaidAsItIs() throws IOException {
    assertFails(request("/nothing"), Status.Code.NOT_FOUND, "location: nothing is stored");
    assertFails(request("/forbidden"), Status.Code.FAILED_PRECONDITION, "status 403");
    server.stop(0);
    assertFails(request("/images/initrd.img"), Status.Code.UNAVAILABLE, "cannot be reached");
  }

  @Test
  void aHostThatIsNotListedIsRefusedByTheNameOfTheField() {
    StatusRuntimeException failure =
        assertFails(
            request("/x").setLocation("https://elsewhere.test/x"),
            Status.Code.INVALID_ARGUMENT,
            "elsewhere.test");
    assertThat(fields(failure)).containsExactly("location");
  }

  @Test
  void aSourceThatStopsInTheMiddleEndsWithTheDeadlineOfTheCall() {
    files.put("/silent", new byte[5000]);
    long start = System.nanoTime();

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                service
                    .stub()
                    .withDeadlineAfter(1, TimeUnit.SECONDS)
                    .registerAsset(request("/silent").build()));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    assertThat(service.registry.everything()).isEmpty();
    Awaitility.await("what was staged is gone")
        .atMost(Duration.ofSeconds(40))
        .until(() -> stagedFiles() == 0);
  }

  private long stagedFiles() throws IOException {
    try (Stream<Path> staged = Files.list(directory.resolve("cache/partial"))) {
      return staged.count();
    }
  }

  @Test
  void itIsPlacedUnderTheNameInItsUrlAndARootFileSystemHasNoMetadata() {
    files.put("/r.ext4", bytes(900, 4));
    files.put("/r.ext4.metadata.json", bytes(10, 5));
    Asset initrd = register(request("/images/initrd.img"));
    Asset rootfs = register(request("/r.ext4").setType(AssetType.ASSET_TYPE_ROOTFS));
    Path target = service.vmRoot.resolve("vm1");

    var unused =
        service
            .stub()
            .prepareAssets(
                PrepareAssetsRequest.newBuilder()
                    .addAssetIds(initrd.getId())
                    .addAssetIds(rootfs.getId())
                    .setTargetPath(target.toString())
                    .build());

    assertThat(target.resolve("initrd.img")).hasBinaryContent(BYTES);
    assertThat(target.resolve("rootfs.ext4")).hasBinaryContent(bytes(900, 4));
    assertThat(target.resolve("metadata.json")).doesNotExist();
  }

  @Test
  void anAddressWithoutAFileNameNeedsOneToBePlaced() {
    files.put("/", BYTES);
    Asset asset = register(request("/"));

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                service
                    .stub()
                    .prepareAssets(
                        PrepareAssetsRequest.newBuilder()
                            .addAssetIds(asset.getId())
                            .setTargetPath(service.vmRoot.resolve("vm1").toString())
                            .build()));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(failure).hasMessageContaining("Assetmanager-Target-Names");
  }

  @Test
  void deletingTakesTheRecordAlongAndNothingAtTheAddress() {
    Asset asset = register(request("/images/initrd.img").setId("a"));
    assertThat(local(asset)).exists();

    assertThat(
            service
                .stub()
                .deleteAsset(DeleteAssetRequest.newBuilder().setId("a").build())
                .getDeleted())
        .isTrue();

    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> service.registry.everything().isEmpty());
    assertThat(requests).noneMatch(request -> request.startsWith("DELETE"));
    assertThat(register(request("/images/initrd.img").setId("a")).getId()).isEqualTo("a");
  }

  @Test
  void bytesThatChangedAtTheAddressAreNeverHandedOut() throws IOException {
    Asset asset = register(request("/images/initrd.img"));
    cache.close();
    try (Stream<Path> cached = Files.walk(directory.resolve("cache"))) {
      for (Path file : cached.filter(Files::isRegularFile).toList()) {
        Files.delete(file);
      }
    }
    cache =
        BlobCache.open(
            BlobCacheOptions.of(directory.resolve("cache"), 10 << 20, 2, Duration.ofSeconds(10)),
            digests -> Set.of(),
            Clock.systemUTC());
    AssetFiles reopened =
        new AssetFiles(
            StorageBackend.STORAGE_BACKEND_LOCAL,
            service.blobs,
            new LocalCopies(
                Optional.of(cache),
                Map.of(StorageBackend.STORAGE_BACKEND_HTTP, source),
                digest -> List.of()));
    files.put("/images/initrd.img", bytes(BYTES.length, 9));

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> reopened.hold(asset, Duration.ofSeconds(10)));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DATA_LOSS);
  }

  @Test
  void withoutAnAllowedHostTheRefusalNamesTheVariable() throws IOException {
    Path other = Files.createDirectory(directory.resolve("other"));
    try (ServiceFixture closed = ServiceFixture.in(other)) {
      StatusRuntimeException failure =
          catchThrowableOfType(
              StatusRuntimeException.class,
              () -> closed.stub().registerAsset(request("/images/initrd.img").build()));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(failure)
          .hasMessageContaining("backend:")
          .hasMessageContaining("UNKEY_ASSETMANAGERD_HTTP_SOURCE_HOSTS");
      assertThat(requests).isEmpty();
    }
  }

  private StatusRuntimeException assertFails(
      RegisterAssetRequest.Builder request, Status.Code code, String message) {
    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> register(request));
    assertThat(failure).as("answer to %s", request).isNotNull();
    assertThat(failure.getStatus().getCode()).as("%s", failure).isEqualTo(code);
    assertThat(failure).hasMessageContaining(message);
    assertThat(service.registry.everything()).isEmpty();
    return failure;
  }
}
