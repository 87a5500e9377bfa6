package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import dev.assetmanagerd.storage.cache.IncomingBlob;
import dev.assetmanagerd.storage.scrub.ScrubCounters;
import dev.assetmanagerd.storage.scrub.ScrubPlace;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScrubbingTest {
  private static final long TERM = 1;
  private static final int SIZE = 5_000_000; // more than one range

  @TempDir Path directory;
  private ServiceFixture service;
  private DamagedStore store;
  private BlobCache cache;
  private Scrub scrub;
  private Asset asset;

  @BeforeEach
  void start() throws IOException {
    service =
        ServiceFixture.with(
            directory,
            options ->
                new AssetServiceOptions(
                    options.backend(),
                    10L << 20,
                    options.defaultDeadline(),
                    options.uploadIdleTimeout(),
                    options.maxUploads(),
                    options.garbage(),
                    options.prepare(),
                    options.leases()),
            real -> real);
    store = new DamagedStore(service.blobs);
    cache =
        BlobCache.open(
            BlobCacheOptions.of(directory.resolve("cache"), 50L << 20, 2, Duration.ofSeconds(20)),
            digests -> Set.of(),
            Clock.systemUTC());
    scrub = scrub(store);
    asset = service.upload(kernel("a").setId("a"), bytes(SIZE, 1));
  }

  private Scrub scrub(BlobStore seen) {
    Scrub created =
        new Scrub(
            "n1",
            AssetServiceOptions.defaults(),
            service.registry,
            seen,
            new LocalCopies(Optional.of(cache), Map.of(), digest -> List.of()),
            Optional.of(cache),
            1L << 40,
            Duration.ofDays(7),
            Clock.systemUTC());
    created.onLeaderReady(TERM);
    return created;
  }

  @AfterEach
  void stop() {
    scrub.close();
    cache.close();
    service.close();
  }

  @Test
  void whatIsRightIsLeftAloneAndCounted() throws IOException {
    Asset second = service.upload(kernel("b").setId("b"), bytes(10, 2));

    scrub.roundOfStore(TERM);

    assertThat(counters().blobs()).isEqualTo(2);
    assertThat(counters().bytes()).isEqualTo(SIZE + 10);
    assertThat(counters().corrupt()).isZero();
    assertThat(counters().rounds()).isEqualTo(1);
    assertThat(file(second)).hasBinaryContent(bytes(10, 2));
    assertThat(setAside()).isEmpty();
  }

  @Test
  void wrongBytesAreSetAsideAndTheBlobIsMadeAgainOfTheCopyInTheCache() throws IOException {
    fillCache();
    rot(file(asset));

    scrub.roundOfStore(TERM);

    assertThat(file(asset)).hasBinaryContent(bytes(SIZE, 1));
    assertThat(counters().corrupt()).isEqualTo(1);
    assertThat(counters().repaired()).isEqualTo(1);
    assertThat(counters().unrepaired()).isZero();
    assertThat(setAside()).hasSize(1);
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
    assertThat(staged()).isEmpty();
  }

  @Test
  void aBlobThatIsTooShortIsMadeAgainAsWell() throws IOException {
    fillCache();
    Files.setPosixFilePermissions(file(asset), PosixFilePermissions.fromString("rw-r--r--"));
    try (FileChannel file = FileChannel.open(file(asset), java.nio.file.StandardOpenOption.WRITE)) {
      var unused = file.truncate(SIZE / 2);
    }

    scrub.roundOfStore(TERM);

    assertThat(file(asset)).hasBinaryContent(bytes(SIZE, 1));
    assertThat(counters().repaired()).isEqualTo(1);
  }

  @Test
  void withoutAnotherCopyTheAssetIsWithoutItsBytesUntilOneTurnsUp() throws IOException {
    rot(file(asset));

    scrub.roundOfStore(TERM);

    assertThat(file(asset)).doesNotExist();
    assertThat(counters().corrupt()).isEqualTo(1);
    assertThat(counters().repaired()).isZero();
    assertThat(counters().unrepaired()).isEqualTo(1);
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_ERROR);
    assertThat(setAside()).hasSize(1);

    fillCache();
    scrub.roundOfStore(TERM);

    assertThat(file(asset)).hasBinaryContent(bytes(SIZE, 1));
    assertThat(counters().repaired()).isEqualTo(1);
    assertThat(counters().unrepaired()).isZero();
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  @Test
  void aCopyInTheCacheThatHasRottenTooIsNotPutIntoTheStore() throws IOException {
    fillCache();
    rot(directory.resolve("cache").resolve(asset.getLocation()));
    rot(file(asset));

    scrub.roundOfStore(TERM);

    assertThat(file(asset)).doesNotExist();
    assertThat(counters().unrepaired()).isEqualTo(1);
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_ERROR);
  }

  @Test
  void aStoreThatIsAwayIsNotTakenForOneWithWrongBlobs() {
    store.setAway(true);

    scrub.roundOfStore(TERM);

    assertThat(counters().rounds()).isZero();
    assertThat(counters().unrepaired()).isZero();
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  @Test
  void aBlobThatIsBeingDeletedIsNeitherReportedNorMadeAgain() throws IOException {
    fillCache();
    var unused =
        service.stub().deleteAsset(DeleteAssetRequest.newBuilder().setId(asset.getId()).build());

    scrub.roundOfStore(TERM);

    assertThat(counters().corrupt()).isZero();
    assertThat(counters().repaired()).isZero();
  }

  @Test
  void anOlderLeaderTouchesNothing() throws IOException {
    fillCache();
    rot(file(asset));
    scrub.onLeaderReady(TERM + 1);

    assertThatExceptionOfType(CancellationException.class)
        .isThrownBy(() -> scrub.roundOfStore(TERM));

    assertThat(file(asset)).exists();
    assertThat(setAside()).isEmpty();
  }

  @Test
  void whatTheCacheHasSetAsideIsFetchedAgainWhereAnAssetNeedsIt() throws IOException {
    assertThat(scrub.fetchAgain(new Sha256("0".repeat(64)))).isFalse();
    assertThat(scrub.fetchAgain(new Sha256(asset.getChecksum()))).isTrue();
  }

  private ScrubCounters counters() {
    return scrub.counters(ScrubPlace.STORE);
  }

  private AssetStatus status() {
    return service.registry.query(view -> view.asset("a")).orElseThrow().getStatus();
  }

  private Path file(Asset of) {
    return service.blobDirectory.resolve(of.getLocation());
  }

  private List<Path> setAside() throws IOException {
    return files(service.blobDirectory.resolve(".quarantine"));
  }

  private List<Path> staged() throws IOException {
    return files(service.blobs.stagingDirectory());
  }

  private static List<Path> files(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  private void fillCache() throws IOException {
    try (IncomingBlob copy = cache.incoming(SIZE).orElseThrow()) {
      Files.write(copy.file(), bytes(SIZE, 1));
      copy.adopt(new Sha256(asset.getChecksum()));
    }
  }

  /** As a disk does: the file's time stays what it was. */
  private static void rot(Path file) throws IOException {
    FileTime time = Files.getLastModifiedTime(file);
    byte[] content = Files.readAllBytes(file);
    content[content.length - 1] ^= 1;
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(file, content);
    Files.setLastModifiedTime(file, time);
  }
}
