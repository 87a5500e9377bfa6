package dev.assetmanagerd.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.log.v1.Backup.State;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.RaiseFormatLevel;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.PeerLink;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.raft.RaftNode;
import dev.assetmanagerd.raft.RaftNodeOptions;
import dev.assetmanagerd.registry.FormatLevels;
import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.bounded.BoundedSteps;
import dev.assetmanagerd.storage.s3.S3Checksums;
import dev.assetmanagerd.storage.s3.S3Credentials;
import dev.assetmanagerd.storage.s3.S3Options;
import io.grpc.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups of a real registry, in real places. */
class BackupModuleTest {
  private static final int KEEP = 2;

  @TempDir Path root;

  private final CompletableFuture<Long> term = new CompletableFuture<>();

  /** How far the clock is ahead, seconds: the registry's stamps are those of the machine's. */
  private final AtomicLong ahead = new AtomicLong();

  private final ScheduledExecutorService closed = Executors.newSingleThreadScheduledExecutor();
  private final BackupCounters counters = new BackupCounters();
  private Executor makers = Runnable::run;
  private RaftNode node;
  private Path kept;

  @BeforeEach
  void start() throws Exception {
    closed.shutdownNow(); // the tests look for themselves
    kept = Files.createDirectory(root.resolve("kept"));
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    PeerSpec self = new PeerSpec("n1", "127.0.0.1:" + port, "127.0.0.1:1");
    node =
        RaftNode.start(
            new RaftNodeOptions(
                "n1",
                "testing",
                List.of(self),
                "127.0.0.1",
                root.resolve("data"),
                Duration.ofSeconds(2),
                Duration.ofSeconds(4),
                100_000,
                "test"),
            nobody(),
            new LeadershipListener() {
              @Override
              public void onLeaderReady(long newTerm) {
                term.complete(newTerm);
              }

              @Override
              public void onLeadershipLost() {}
            });
    var raised =
        node.propose(
                Command.newBuilder()
                    .setRaiseFormatLevel(
                        RaiseFormatLevel.newBuilder().setLevel(FormatLevels.HIGHEST))
                    .build(),
                Deadline.after(20, TimeUnit.SECONDS))
            .get(30, TimeUnit.SECONDS);
    assertThat(raised.outcome().hasFormatLevelRaised()).isTrue();
  }

  private static PeerLink nobody() {
    return (PeerLink)
        Proxy.newProxyInstance(
            PeerLink.class.getClassLoader(),
            new Class<?>[] {PeerLink.class},
            (proxy, method, arguments) ->
                CompletableFuture.failedFuture(new IllegalStateException("alone")));
  }

  @AfterEach
  void stop() {
    node.close();
  }

  @Test
  void aBackupIsKeptWhenItWasReadBackAndFoundGood() throws Exception {
    Parts parts = parts(directory(kept), "");
    Backup made = parts.maker.makeIn(parts.place, leading());
    assertThat(made.getState()).isEqualTo(State.STATE_COMPLETE);
    Path file = Path.of(made.getLocation().substring("file://".length()));
    assertThat(file).hasParent(kept).hasSize(made.getSizeBytes());
    assertThat(known()).containsExactly(made);
    assertThat(counters.count()).isOne();
    assertThat(counters.lastSizeBytes()).isEqualTo(made.getSizeBytes());
    assertThat(root.resolve("work")).as("work is done away with").isEmptyDirectory();
    try (InputStream in = Files.newInputStream(file)) {
      UnpackedBackup read = BackupReader.read(in, Files.createDirectory(root.resolve("look")));
      assertThat(read.manifest().id()).isEqualTo(made.getId());
      assertThat(read.manifest().stateHash()).isEqualTo(made.getStateHash());
    }
  }

  @Test
  void oneThatIsNotGoodWhereItIsKeptIsDeletedAndNotKnown() throws Exception {
    Parts parts = parts(new FlippingPlace(directory(kept)), "");
    assertThatThrownBy(() -> parts.maker.makeIn(parts.place, leading()))
        .isInstanceOf(BackupFailedException.class)
        .hasMessageContaining("the backup is damaged");
    assertThat(known()).isEmpty();
    assertThat(kept).isEmptyDirectory();
    assertThat(counters.failures()).isOne();
    assertThat(counters.count()).isZero();
  }

  @Test
  void aPlaceThatIsNotThereIsSaidBeforeAnythingIsBegun() throws Exception {
    Parts parts = parts(directory(root.resolve("missing")), "");
    assertThatThrownBy(() -> parts.maker.makeIn(parts.place, leading()))
        .isInstanceOf(BackupFailedException.class)
        .hasMessageContaining("missing");
    assertThat(known()).isEmpty();
  }

  @Test
  void theLeaderMakesThemWhenTheyAreDueAndKeepsAsManyAsItIsTold() throws Exception {
    Parts parts = parts(directory(kept), "");
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < KEEP + 2; i++) {
      ahead.set(3600);
      parts.duty.look(leading());
      List<Backup> known = known();
      ids.add(known.get(known.size() - 1).getId());
      ahead.set(0);
      parts.duty.look(leading()); // not due again yet
    }
    assertThat(ids).as("a new one each time").doesNotHaveDuplicates();
    assertThat(known())
        .extracting(Backup::getId)
        .containsExactlyElementsOf(ids.subList(ids.size() - KEEP, ids.size()));
    try (Stream<Path> files = Files.list(kept)) {
      assertThat(files).as("files").hasSize(KEEP);
    }
    assertThat(counters.filesMissing()).isZero();
    try (Stream<Path> files = Files.list(kept)) {
      Files.delete(files.findFirst().orElseThrow());
    }
    parts.duty.look(leading());
    assertThat(counters.filesMissing()).as("files that somebody took away").isOne();
  }

  @Test
  void whateverEndsTheMakingItIsCountedAndTriedAgainLater() throws Exception {
    var making = new AtomicBoolean();
    makers =
        task -> {
          making.set(true);
          task.run();
          making.set(false);
        };
    BackupPlace whole = directory(kept);
    BackupPlace broken =
        (BackupPlace)
            Proxy.newProxyInstance(
                BackupPlace.class.getClassLoader(),
                new Class<?>[] {BackupPlace.class},
                (proxy, method, arguments) -> {
                  if (making.get()) {
                    throw new NoClassDefFoundError("a/class/of/ours");
                  }
                  return method.invoke(whole, arguments);
                });
    Parts parts = parts(broken, "");
    parts.duty.look(leading());
    assertThat(counters.failures()).isOne();
    parts.duty.look(leading());
    assertThat(counters.failures()).as("tried again at once").isOne();
  }

  @Test
  void whatACrashedLeaderHasBegunIsGivenUpAndItsFileDeleted() throws Exception {
    Parts parts = parts(directory(kept), "");
    Backup begun =
        parts.registry.begin(
            parts.place.location("left-{id}.tar.gz"), Duration.ZERO, OptionalLong.empty());
    Path left = Path.of(begun.getLocation().substring("file://".length()));
    Files.writeString(left, "half of it");
    Files.writeString(left.resolveSibling("." + left.getFileName() + ".partial"), "the rest");
    parts.duty.look(leading());
    assertThat(known()).extracting(Backup::getId).doesNotContain(begun.getId());
    assertThat(left).doesNotExist();
    assertThat(left.resolveSibling("." + left.getFileName() + ".partial")).doesNotExist();
  }

  @Test
  void backupsFromBeforeARestoreCountAmongThoseToKeepAndTheirFilesAreLeftAlone() throws Exception {
    Parts before = parts(directory(kept), "");
    Backup old = before.maker.makeIn(before.place, leading());
    Path file = Path.of(old.getLocation().substring("file://".length()));
    Parts after = parts(directory(kept), "restored-1");
    after.duty.look(leading());
    assertThat(known()).as("with a new one they are as many as to keep").hasSize(2).contains(old);
    ahead.set(3600);
    after.duty.look(leading());
    assertThat(known()).hasSize(KEEP).extracting(Backup::getLineage).containsOnly("restored-1");
    assertThat(file).as("the old cluster may still look after it").exists();
  }

  @Test
  void withoutAPlaceTooWhatIsTooManyFromBeforeARestoreIsForgotten() throws Exception {
    Parts before = parts(directory(kept), "");
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < KEEP + 1; i++) {
      ids.add(before.maker.makeIn(before.place, leading()).getId());
    }
    BackupRegistry registry = new BackupRegistry(node, "restored-1");
    new BackupRetention(KEEP, Optional.empty(), registry, before.maker, counters)
        .look(leading(), () -> true);
    assertThat(known())
        .extracting(Backup::getId)
        .containsExactlyElementsOf(ids.subList(1, ids.size()));
    try (Stream<Path> files = Files.list(kept)) {
      assertThat(files).as("files").hasSize(KEEP + 1);
    }
  }

  @Test
  void theFileOfOneThatTheNextLeaderHasGivenUpMeanwhileIsNotLeftBehind() throws Exception {
    BackupRegistry registry = new BackupRegistry(node, "");
    BackupPlace late =
        new ForwardingPlace(directory(kept)) {
          @Override
          public void put(Path file, String location, BackupManifest.Part part) throws IOException {
            String id = known().get(0).getId();
            registry.forget(id, false);
            registry.forget(id, true);
            super.put(file, location, part);
          }
        };
    Parts parts = parts(late, "");
    assertThatThrownBy(() -> parts.maker.makeIn(late, leading()))
        .isInstanceOf(BackupFailedException.class)
        .hasMessageContaining("no backup has the id");
    assertThat(kept).isEmptyDirectory();
  }

  @Test
  void lookingAfterBackupsGoesOnWhileOneIsMadeInAPlaceThatDoesNotAnswer() throws Exception {
    Parts good = parts(directory(kept), "");
    Backup first = good.maker.makeIn(good.place, leading());
    SilentPlace silent = new SilentPlace(good.place);
    ExecutorService maker = Executors.newSingleThreadExecutor();
    makers = maker;
    Parts parts = parts(silent, "");
    ahead.set(3600);
    try {
      parts.duty.look(leading());
      assertThat(silent.asked.await(20, TimeUnit.SECONDS)).as("one is made").isTrue();
      parts.registry.forget(first.getId(), false);

      parts.duty.look(leading());

      assertThat(parts.maker.makingFor()).isPositive();
      assertThat(known())
          .as("what is to go has to wait for the place, and keeps no blobs")
          .extracting(Backup::getState)
          .containsExactly(State.STATE_FORGETTING, State.STATE_PENDING);
    } finally {
      silent.answers.countDown();
      maker.shutdown();
      assertThat(maker.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(parts.maker.makingFor()).isZero();
    parts.retention.look(leading(), () -> true);
    assertThat(known()).extracting(Backup::getState).containsExactly(State.STATE_COMPLETE);
  }

  @Test
  void oneThatIsHandedOutIsKnownForItsTimeAndGivenUpWhereItFails() throws Exception {
    Parts parts = parts(directory(kept), "");
    parts.maker.hand(
        Duration.ofHours(1),
        (begun, copy) -> assertThat(copy.manifest().id()).isEqualTo(begun.getId()));
    assertThat(known()).extracting(Backup::getState).containsExactly(State.STATE_PENDING);
    assertThatThrownBy(
            () ->
                parts.maker.hand(
                    Duration.ofHours(1),
                    (begun, copy) -> {
                      throw new IOException("the client gave up");
                    }))
        .hasMessageContaining("the client gave up");
    assertThat(known()).hasSize(1);
  }

  @Test
  void aBucketIsAPlaceAsWell() throws Exception {
    S3Server server = S3Server.shared();
    try (S3Place place =
        new S3Place(
            new S3Options(
                server.newBucket(),
                "us-east-1",
                Optional.of(server.endpoint()),
                true,
                "backups/of/this/",
                new S3Credentials.Key("key", "secret"),
                S3Checksums.WHEN_SUPPORTED,
                true,
                S3Options.MIN_PART_BYTES,
                2,
                Duration.ofSeconds(20),
                10_000_000,
                root.resolve("spool"),
                "n1"))) {
      Parts parts = parts(place, "");
      Backup made = parts.maker.makeIn(place, leading());
      assertThat(made.getLocation()).startsWith("s3://").endsWith(made.getId() + ".tar.gz");
      assertThat(place.size(made.getLocation())).hasValue(made.getSizeBytes());
      try (InputStream in = place.open(made.getLocation())) {
        var read = BackupReader.read(in, Files.createDirectory(root.resolve("look")));
        assertThat(read.manifest().stateHash()).isEqualTo(made.getStateHash());
      }
      ahead.set(3600);
      parts.duty.look(leading());
      parts.duty.look(leading());
      assertThat(known()).hasSize(KEEP);
      assertThat(place.size(made.getLocation())).as("the oldest is gone").isEmpty();
      assertThatThrownBy(() -> place.open("s3://another/bucket"))
          .hasMessageContaining("is not in the configured place");
    }
  }

  /** A place like another. */
  private static class ForwardingPlace implements BackupPlace {
    private final BackupPlace place;

    ForwardingPlace(BackupPlace place) {
      this.place = place;
    }

    @Override
    public String location(String name) {
      return place.location(name);
    }

    @Override
    public void check() throws IOException {
      place.check();
    }

    @Override
    public boolean isSilence(IOException failure) {
      return place.isSilence(failure);
    }

    @Override
    public int hanging() {
      return place.hanging();
    }

    @Override
    public void put(Path file, String location, BackupManifest.Part part) throws IOException {
      place.put(file, location, part);
    }

    @Override
    public InputStream open(String location) throws IOException {
      return place.open(location);
    }

    @Override
    public OptionalLong size(String location) throws IOException {
      return place.size(location);
    }

    @Override
    public void delete(String location) throws IOException {
      place.delete(location);
    }

    @Override
    public void close() {
      place.close();
    }
  }

  /** A directory on a disk that does not keep what it is given. */
  private static final class FlippingPlace extends ForwardingPlace {
    FlippingPlace(BackupPlace place) {
      super(place);
    }

    @Override
    public void put(Path file, String location, BackupManifest.Part part) throws IOException {
      super.put(file, location, part);
      try (RandomAccessFile stored =
          new RandomAccessFile(location.substring("file://".length()), "rw")) {
        stored.seek(part.sizeBytes() / 2);
        int b = stored.read();
        stored.seek(part.sizeBytes() / 2);
        stored.write(b ^ 1);
      }
    }
  }

  /** Takes its time to take a file, and gives no answer to anything else meanwhile. */
  private static final class SilentPlace extends ForwardingPlace {
    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch answers = new CountDownLatch(1);

    SilentPlace(BackupPlace place) {
      super(place);
    }

    @Override
    public void put(Path file, String location, BackupManifest.Part part) throws IOException {
      asked.countDown();
      try {
        assertThat(answers.await(60, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      super.put(file, location, part);
    }

    @Override
    public void delete(String location) throws IOException {
      requireAnswer();
      super.delete(location);
    }

    @Override
    public OptionalLong size(String location) throws IOException {
      requireAnswer();
      return super.size(location);
    }

    private void requireAnswer() throws IOException {
      if (answers.getCount() > 0) {
        throw new BlobStoreUnavailableException("backups", "no answer", null);
      }
    }
  }

  private record Parts(
      BackupPlace place,
      BackupRegistry registry,
      BackupMaker maker,
      BackupRetention retention,
      BackupDuty duty) {}

  private Parts parts(BackupPlace place, String lineage) throws Exception {
    BackupOptions options =
        new BackupOptions(
            "testing", lineage, "1.2.3", root.resolve("work"), Duration.ofHours(1), KEEP);
    BackupRegistry registry = new BackupRegistry(node, lineage);
    Clock clock =
        new Clock() {
          @Override
          public ZoneId getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }

          @Override
          public Instant instant() {
            return Clock.systemUTC().instant().plusSeconds(ahead.get());
          }
        };
    BackupMaker maker =
        new BackupMaker(options, registry, node::copyRegistry, counters, clock, System::nanoTime);
    BackupRetention retention =
        new BackupRetention(KEEP, Optional.of(place), registry, maker, counters);
    BackupDuty duty =
        new BackupDuty(
            options,
            Optional.of(place),
            registry,
            maker,
            retention,
            closed,
            makers,
            clock,
            System::nanoTime);
    duty.onLeaderReady(leading());
    return new Parts(place, registry, maker, retention, duty);
  }

  private static DirectoryPlace directory(Path path) {
    return new DirectoryPlace(
        path, new BoundedSteps("backups", 4, Duration.ofSeconds(20), System::nanoTime));
  }

  private List<Backup> known() {
    return node.query(view -> view.backups());
  }

  private long leading() throws Exception {
    return term.get(20, TimeUnit.SECONDS);
  }
}
