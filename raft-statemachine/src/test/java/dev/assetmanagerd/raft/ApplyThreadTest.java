package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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
  private final AppliedIndex applied = new AppliedIndex(Runnable::run, -1);
  private final ApplyThread thread = new ApplyThread(applied, failure::complete);

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
    assertThat(submit(0, entry(RegistryWriter.FORMAT_LEVEL, TestCommands.register("a-0"))))
        .succeedsWithin(SOON);
    assertThat(database.applied()).isEqualTo(new LogPosition(1, 0));
    assertThat(second).isNotDone();
    assertThat(submit(1, null)).succeedsWithin(SOON);
    assertThat(database.applied()).isEqualTo(new LogPosition(1, 1));
    assertThat(second).succeedsWithin(SOON);
  }

  @Test
  void anEntryThatCannotBeAppliedEndsItForGood() throws Exception {
    assertThat(submit(0, entry(RegistryWriter.FORMAT_LEVEL, TestCommands.register("a-0"))))
        .succeedsWithin(SOON);
    CompletableFuture<Message> poison = submit(1, entry(99, TestCommands.register("a-1")));
    assertThat(failure).succeedsWithin(SOON);
    assertThat(poison).failsWithin(SOON);
    assertThatThrownBy(
            () -> submit(2, entry(RegistryWriter.FORMAT_LEVEL, TestCommands.register("a-2"))))
        .isInstanceOf(IllegalStateException.class);
    assertThat(thread.position()).isEqualTo(new LogPosition(1, 0));
    assertThat(database.<Boolean>read(view -> view.asset("a-2").isPresent())).isFalse();
  }

  @Test
  void anEntryOutOfOrderEndsItForGood() throws Exception {
    assertThat(submit(5, entry(RegistryWriter.FORMAT_LEVEL, TestCommands.register("a-0"))))
        .succeedsWithin(SOON);
    var unused = submit(5, entry(RegistryWriter.FORMAT_LEVEL, TestCommands.register("a-1")));
    assertThat(failure).succeedsWithin(SOON);
  }

  @Test
  void whatIsQueuedWhilePausedIsDroppedAndReleased() throws Exception {
    thread.pause();
    assertThat(submit(0, entry(RegistryWriter.FORMAT_LEVEL, TestCommands.register("a-0"))))
        .succeedsWithin(SOON);
    assertThat(database.applied()).isEqualTo(LogPosition.NONE);
    thread.start(database.writer(), database.applied());
    assertThat(submit(0, entry(RegistryWriter.FORMAT_LEVEL, TestCommands.register("a-0"))))
        .succeedsWithin(SOON);
    assertThat(database.applied()).isEqualTo(new LogPosition(1, 0));
    assertThat(thread.transactions()).isEqualTo(1);
  }

  private CompletableFuture<Message> submit(long index, @Nullable LogEntry entry)
      throws InterruptedException {
    var done = new CompletableFuture<Message>();
    thread.submit(new CommittedEntry(new LogPosition(1, index), entry, 100, null, done));
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
