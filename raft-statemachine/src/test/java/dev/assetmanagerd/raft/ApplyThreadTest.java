package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.log.v1.CheckReplicas;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.RaiseFormatLevel;
import dev.assetmanagerd.registry.FormatLevels;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.ratis.protocol.Message;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApplyThreadTest {
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir Path root;

  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private final RecordedChecks checks = new RecordedChecks();
  private final AppliedIndex applied = new AppliedIndex(Runnable::run, -1);
  private final ApplyThread thread = new ApplyThread(applied, checks, failure::complete);

  /** Reads the registry while a check begins; the first one only goes on when it is told to. */
  private final class RecordedChecks implements ApplyThread.Checks {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch goOn = new CountDownLatch(1);
    final List<String> seen = new CopyOnWriteArrayList<>();
    volatile boolean cancelFails;

    @Override
    public void begin(String checkId, LogPosition position) {
      begun.countDown();
      try {
        assertThat(goOn.await(10, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      database.read(
          view ->
              seen.add(
                  "%s at %s holding %s"
                      .formatted(
                          checkId,
                          view.applied().equals(position) ? position.index() : view.applied(),
                          Stream.of("a-1", "a-3", "a-4", "a-6")
                              .filter(id -> view.asset(id).isPresent())
                              .toList())));
    }

    @Override
    public void cancel() {
      goOn.countDown();
      if (cancelFails) {
        throw new IllegalStateException("a check does not end");
      }
    }
  }

  @SuppressWarnings("NullAway.Init") // before each test
  private RegistryDatabase database;

  @BeforeEach
  void open() {
    database = RegistryDatabase.open(root.resolve("registry.db"));
    thread.start(database.writer(), database.applied());
  }

  @AfterEach
  void close() {
    thread.close();
    database.close();
  }

  @Test
  void futuresCompleteWhenTheirEntryIsCommitted() throws Exception {
    CompletableFuture<Void> second = applied.await(1);
    assertThat(submit(0, entry(FormatLevels.BASE, TestCommands.register("a-0"))))
        .succeedsWithin(SOON);
    assertThat(database.applied()).isEqualTo(new LogPosition(1, 0));
    assertThat(second).isNotDone();
    assertThat(submit(1, null)).succeedsWithin(SOON);
    assertThat(database.applied()).isEqualTo(new LogPosition(1, 1));
    assertThat(second).succeedsWithin(SOON);
  }

  @Test
  void anEntryThatCannotBeAppliedEndsItForGood() throws Exception {
    assertThat(submit(0, entry(FormatLevels.BASE, TestCommands.register("a-0"))))
        .succeedsWithin(SOON);
    CompletableFuture<Message> poison = submit(1, entry(99, TestCommands.register("a-1")));
    assertThat(failure).succeedsWithin(SOON);
    assertThat(poison).failsWithin(SOON);
    assertThatThrownBy(() -> submit(2, entry(FormatLevels.BASE, TestCommands.register("a-2"))))
        .isInstanceOf(IllegalStateException.class);
    assertThat(thread.position()).isEqualTo(new LogPosition(1, 0));
    assertThat(database.<Boolean>read(view -> view.asset("a-2").isPresent())).isFalse();
  }

  @Test
  void anEntryOutOfOrderEndsItForGood() throws Exception {
    assertThat(submit(5, entry(FormatLevels.BASE, TestCommands.register("a-0"))))
        .succeedsWithin(SOON);
    var unused = submit(5, entry(FormatLevels.BASE, TestCommands.register("a-1")));
    assertThat(failure).succeedsWithin(SOON);
  }

  @Test
  void whatIsQueuedWhilePausedIsDroppedAndReleased() throws Exception {
    thread.pause();
    assertThat(submit(0, entry(FormatLevels.BASE, TestCommands.register("a-0"))))
        .succeedsWithin(SOON);
    assertThat(database.applied()).isEqualTo(LogPosition.NONE);
    thread.start(database.writer(), database.applied());
    assertThat(submit(0, entry(FormatLevels.BASE, TestCommands.register("a-0"))))
        .succeedsWithin(SOON);
    assertThat(database.applied()).isEqualTo(new LogPosition(1, 0));
    assertThat(thread.transactions()).isEqualTo(1);
  }

  @Test
  void whatIsQueuedIsReleasedAlsoWherePausingFails() throws Exception {
    var unused = submit(0, entry(3, raise(3)));
    unused = submit(1, entry(3, check("holds the thread")));
    assertThat(checks.begun.await(10, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<Message> queued = submit(2, entry(2, TestCommands.register("a-1")));
    checks.cancelFails = true;
    CompletableFuture<Void> pausing = CompletableFuture.runAsync(thread::pause);
    assertThat(queued).as("before the thread has ended").isNotDone();
    checks.goOn.countDown();

    assertThat(pausing).failsWithin(SOON);
    assertThat(queued).succeedsWithin(SOON);
    checks.cancelFails = false;
  }

  @Test
  void aCheckBeginsAtExactlyItsEntryWhateverWaitsBehind() throws Exception {
    var unused = submit(0, entry(3, raise(3)));
    unused = submit(1, entry(2, TestCommands.register("a-1")));
    unused = submit(2, entry(3, check("first")));
    assertThat(checks.begun.await(10, TimeUnit.SECONDS)).isTrue();
    unused = submit(3, entry(2, TestCommands.register("a-3")));
    unused = submit(4, entry(2, TestCommands.register("a-4")));
    unused = submit(5, entry(3, check("second")));
    CompletableFuture<Message> last = submit(6, entry(2, TestCommands.register("a-6")));
    checks.goOn.countDown();

    assertThat(last).succeedsWithin(SOON);
    assertThat(checks.seen)
        .containsExactly("first at 2 holding [a-1]", "second at 5 holding [a-1, a-3, a-4]");
    assertThat(failure).isNotDone();
  }

  @Test
  void whatWaitsIsAppliedTogetherOnlyUpToSoManyBytes() throws Exception {
    var unused = submit(0, entry(3, raise(3)));
    unused = submit(1, entry(3, check("holds the thread")));
    assertThat(checks.begun.await(10, TimeUnit.SECONDS)).isTrue();
    long before = thread.transactions();
    unused = submit(2, entry(2, TestCommands.register("a-1")), 5 << 20);
    unused = submit(3, entry(2, TestCommands.register("a-3")), 5 << 20);
    CompletableFuture<Message> last = submit(4, entry(2, TestCommands.register("a-4")), 100);
    checks.goOn.countDown();

    assertThat(last).succeedsWithin(SOON);
    assertThat(thread.transactions() - before).as("10 MiB, and what came after").isEqualTo(2);
  }

  private static Command raise(int level) {
    return Command.newBuilder()
        .setRaiseFormatLevel(RaiseFormatLevel.newBuilder().setLevel(level))
        .build();
  }

  private static Command check(String id) {
    return Command.newBuilder().setCheckReplicas(CheckReplicas.newBuilder().setCheckId(id)).build();
  }

  private CompletableFuture<Message> submit(long index, @Nullable LogEntry entry)
      throws InterruptedException {
    return submit(index, entry, 100);
  }

  private CompletableFuture<Message> submit(long index, @Nullable LogEntry entry, int bytes)
      throws InterruptedException {
    var done = new CompletableFuture<Message>();
    thread.submit(new CommittedEntry(new LogPosition(1, index), entry, bytes, null, done));
    return done;
  }

  private static LogEntry entry(int formatLevel, Command command) {
    return LogEntry.newBuilder()
        .setFormatLevel(formatLevel)
        .setWallTimeMillis(1_700_000_000_000L)
        .setTerm(1)
        .addAllCommands(List.of(command))
        .build();
  }
}
