package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.NoteBlobs;
import dev.assetmanagerd.log.v1.ReserveBlob;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.bounded.BoundedBlobStore;
import dev.assetmanagerd.storage.bounded.BoundedSteps;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import dev.assetmanagerd.storage.cache.BlobSource;
import dev.assetmanagerd.storage.cache.IncomingBlob;
import dev.assetmanagerd.storage.scrub.ScrubCounters;
import dev.assetmanagerd.storage.scrub.ScrubPlace;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
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
  private Runnable whenPeersAreAsked = () -> {};

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
            new LocalCopies(Optional.of(cache), Map.of(), this::peers),
            Optional.of(cache),
            1L << 40,
            Duration.ofDays(7),
            Clock.systemUTC());
    created.onLeaderReady(TERM);
    return created;
  }

  private List<BlobSource> peers(Sha256 digest) {
    whenPeersAreAsked.run();
    return List.of();
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
  void aReadingThatGoesWrongOnceIsNotBelieved() {
    store.readWrongly(1);

    scrub.roundOfStore(TERM);

    assertThat(counters().corrupt()).isZero();
    assertThat(counters().rounds()).isEqualTo(1);
    assertThat(file(asset)).hasBinaryContent(bytes(SIZE, 1));
  }

  @Test
  void aNodeThatReadsWronglyIsStoppedAndDestroysNothing() throws IOException {
    List<Asset> all = uploadMore(12);
    all.add(asset);
    store.readWrongly(Integer.MAX_VALUE);

    scrub.roundOfStore(TERM);

    assertThat(counters().distrustedRounds()).isEqualTo(1);
    assertThat(counters().rounds()).isZero();
    assertThat(setAside()).hasSize(3);
    assertThat(all.stream().filter(of -> Files.exists(file(of)))).hasSize(all.size() - 3);
    assertThat(all.stream().filter(of -> status(of) == AssetStatus.ASSET_STATUS_ERROR)).hasSize(3);

    for (int i = 0; i < all.size(); i++) {
      scrub.roundOfStore(TERM);
    }
    long left = all.stream().filter(of -> Files.exists(file(of))).count();
    assertThat(setAside()).as("all others, round after round").hasSize(all.size() - (int) left);
  }

  @Test
  void aRoundAlsoStopsWhereMoreIsWrongThanCanBeWhateverCopiesThereAre() throws IOException {
    for (Asset each : uploadMore(9)) {
      fillCache(each);
      rot(file(each));
    }

    scrub.roundOfStore(TERM);

    assertThat(counters().distrustedRounds()).isEqualTo(1);
    assertThat(counters().repaired()).isEqualTo(8);
    assertThat(counters().unrepaired()).isEqualTo(1);
    assertThat(setAside()).hasSize(8);
  }

  @Test
  void whatIsSetAsideWithoutAnAnswerWasNotedBeforeAndTheNextLeaderMakesItAgain()
      throws IOException {
    fillCache();
    rot(file(asset));
    List<AssetStatus> before = new ArrayList<>();
    store.beforeSetAside(() -> before.add(status()));
    store.loseAnswers();

    scrub.roundOfStore(TERM);

    assertThat(before).containsExactly(AssetStatus.ASSET_STATUS_ERROR);
    assertThat(file(asset)).doesNotExist();
    assertThat(counters().rounds()).isEqualTo(1);
    assertThat(counters().unrepaired()).isEqualTo(1);
    assertThat(staged()).isEmpty();

    scrub.close();
    scrub = scrub(service.blobs);
    scrub.roundOfStore(TERM);

    assertThat(file(asset)).hasBinaryContent(bytes(SIZE, 1));
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
    assertThat(counters().repaired()).isEqualTo(1);
  }

  @Test
  void aBlobThatAFailingDiskCannotReadDoesNotEndTheRoundAndIsReported() throws IOException {
    Asset second = service.upload(kernel("b").setId("b"), bytes(10, 2));
    store.setUnreadable(asset.getLocation());

    onBoundedStore(() -> scrub.roundOfStore(TERM));

    assertThat(counters().rounds()).isEqualTo(1);
    assertThat(counters().blobs()).as("the other one").isEqualTo(1);
    assertThat(counters().unrepaired()).isEqualTo(1);
    assertThat(counters().corrupt()).isZero();
    assertThat(file(asset)).exists();
    assertThat(file(second)).exists();
    assertThat(setAside()).isEmpty();
  }

  @Test
  void aBlobThatAFailingDiskCannotReadIsMadeAgainOfACopy() throws IOException {
    fillCache();
    store.setUnreadable(asset.getLocation());

    onBoundedStore(() -> scrub.roundOfStore(TERM));

    assertThat(counters().repaired()).isEqualTo(1);
    assertThat(counters().unrepaired()).isZero();
    assertThat(setAside()).hasSize(1);
    assertThat(file(asset)).hasBinaryContent(bytes(SIZE, 1));
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  @Test
  void aBlobThatTheServerDeniesDoesNotEndTheRoundAndIsReported() {
    Asset second = service.upload(kernel("b").setId("b"), bytes(10, 2));
    store.deny(asset.getLocation());

    scrub.roundOfStore(TERM);

    assertThat(counters().rounds()).isEqualTo(1);
    assertThat(counters().bytes()).as("of the other one").isEqualTo(second.getSizeBytes());
    assertThat(counters().unrepaired()).isEqualTo(1);
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  @Test
  void aBlobThatAnUploadReliesOnIsLeftAndReported() throws IOException {
    fillCache();
    rot(file(asset));
    propose(
        Command.newBuilder()
            .setReserveBlob(
                ReserveBlob.newBuilder()
                    .setBackend(asset.getBackend())
                    .setChecksum(asset.getChecksum())
                    .setSizeBytes(SIZE)
                    .setTtlMillis(60_000)));

    scrub.roundOfStore(TERM);

    assertThat(setAside()).isEmpty();
    assertThat(counters().unrepaired()).isEqualTo(1);
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);

    service.registry.pass(Duration.ofMinutes(2));
    scrub.roundOfStore(TERM);

    assertThat(counters().repaired()).isEqualTo(1);
    assertThat(counters().unrepaired()).isZero();
  }

  @Test
  void anAssetWhoseBlobIsReadAndRightIsAvailableAgain() {
    propose(
        Command.newBuilder().setNoteBlobs(NoteBlobs.newBuilder().addMissingAssetIds("a").build()));
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_ERROR);

    scrub.roundOfStore(TERM);

    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  @Test
  void whatSomebodyUploadsWhileACopyIsLookedForIsNotNotedAsMissing() throws IOException {
    rot(file(asset));
    scrub.roundOfStore(TERM);
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_ERROR);
    whenPeersAreAsked = () -> service.upload(kernel("b").setId("b"), bytes(SIZE, 1));

    scrub.roundOfStore(TERM);

    assertThat(file(asset)).hasBinaryContent(bytes(SIZE, 1));
    assertThat(status()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
    assertThat(counters().unrepaired()).isZero();
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

  private List<Asset> uploadMore(int count) {
    List<Asset> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(service.upload(kernel("more").setId("more-" + i), bytes(100, 10 + i)));
    }
    return all;
  }

  /** As a node has a directory. */
  private void onBoundedStore(Runnable task) {
    BoundedSteps steps =
        new BoundedSteps("blob directory", 2, Duration.ofSeconds(30), System::nanoTime);
    try (steps) {
      scrub.close();
      scrub = scrub(new BoundedBlobStore(store, service.blobs.parts(), steps));
      task.run();
    }
  }

  private void propose(Command.Builder command) {
    var unused =
        service.registry.propose(command.build(), Deadline.after(10, TimeUnit.SECONDS)).join();
  }

  private ScrubCounters counters() {
    return scrub.counters(ScrubPlace.STORE);
  }

  private AssetStatus status() {
    return status(asset);
  }

  private AssetStatus status(Asset of) {
    return service.registry.query(view -> view.asset(of.getId())).orElseThrow().getStatus();
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
    fillCache(asset);
  }

  /** With what is in the store now. */
  private void fillCache(Asset of) throws IOException {
    try (IncomingBlob copy = cache.incoming(of.getSizeBytes()).orElseThrow()) {
      Files.write(
          copy.file(), Files.exists(file(of)) ? Files.readAllBytes(file(of)) : bytes(SIZE, 1));
      copy.adopt(new Sha256(of.getChecksum()));
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
