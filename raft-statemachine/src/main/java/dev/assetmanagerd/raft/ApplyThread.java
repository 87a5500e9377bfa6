package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.registry.FormatLevels;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.ratis.protocol.Message;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that writes the registry. It takes all committed entries that are waiting, applies
 * them in one transaction together with the last position, then completes their futures in log
 * order: group commit.
 *
 * <p>Whatever fails here, business rejections not being failures, ends it for good: nothing further
 * is applied, and the failure is reported once. A replica that guesses has diverged.
 *
 * <p>Thread-safe.
 */
final class ApplyThread {
  private static final Logger LOG = LoggerFactory.getLogger(ApplyThread.class);

  /** Bounds of what waits; submitting blocks beyond them, which slows Ratis's updater, not Raft. */
  private static final int QUEUE_ENTRIES_MAX = 4096;

  /** As bytes of the log; decoded, and with its outcome, an entry is several times as large. */
  private static final long QUEUE_BYTES_MAX = 16L << 20;

  /** Bounds of one transaction. */
  private static final int BATCH_ENTRIES_MAX = 2048;

  private static final int BATCH_COMMANDS_MAX = 8192;

  private static final long BATCH_BYTES_MAX = 8L << 20;
  private static final long JOIN_SECONDS = 30;

  private enum State {
    PAUSED,
    RUNNING,
    FAILED,
    CLOSED
  }

  /** What is to be done at a position that the log names, before anything after it is applied. */
  interface Checks {
    /** Called on the applying thread when exactly the entries up to the position are applied. */
    void begin(String checkId, LogPosition position);

    /** Called when the database is about to be closed; returns when nobody reads it any more. */
    void cancel();
  }

  private final AppliedIndex applied;
  private final Checks checks;
  private final Consumer<Throwable> onFailure;
  private final AtomicLong commands = new AtomicLong();
  private final AtomicLong entries = new AtomicLong();
  private final AtomicLong transactions = new AtomicLong();

  private final ArrayDeque<CommittedEntry> queue = new ArrayDeque<>();
  private long queuedBytes;
  private State state = State.PAUSED;
  private @Nullable Thread thread;
  private volatile LogPosition position = LogPosition.NONE;
  private volatile int formatLevel = FormatLevels.BASE;

  /**
   * @param onFailure told once, on the applying thread
   */
  ApplyThread(AppliedIndex applied, Checks checks, Consumer<Throwable> onFailure) {
    this.applied = applied;
    this.checks = checks;
    this.onFailure = onFailure;
  }

  /** The position of the last committed transaction. */
  LogPosition position() {
    return position;
  }

  /** The registry's format level at {@link #position}. */
  int formatLevel() {
    return formatLevel;
  }

  /** Starts, or starts again after {@link #pause}, on a database that stands at {@code from}. */
  synchronized void start(RegistryWriter writer, LogPosition from) {
    if (state != State.PAUSED) {
      throw new IllegalStateException("cannot start applying: " + state);
    }
    state = State.RUNNING;
    position = from;
    formatLevel = writer.formatLevel();
    applied.advance(from.index());
    Thread started = new Thread(() -> run(writer), "registry-applier");
    started.setDaemon(true);
    thread = started;
    started.start();
  }

  /**
   * Queues an entry, waiting while the queue is full. While paused or closed the entry is dropped
   * and its future completed: a snapshot that contains it is about to be installed, or the node is
   * about to end and will find it in its log.
   *
   * @throws IllegalStateException when applying has failed before
   */
  void submit(CommittedEntry entry) throws InterruptedException {
    synchronized (this) {
      while (state == State.RUNNING
          && (queue.size() >= QUEUE_ENTRIES_MAX || queuedBytes >= QUEUE_BYTES_MAX)) {
        wait();
      }
      switch (state) {
        case RUNNING -> {
          queue.add(entry);
          queuedBytes += entry.bytes();
          notifyAll();
          return;
        }
        case FAILED ->
            throw new IllegalStateException("applying has failed; nothing more is applied");
        case PAUSED, CLOSED -> {
          // below, outside the lock
        }
      }
    }
    entry.done().complete(Message.EMPTY);
  }

  /** Stops after the transaction under way and drops what is queued. */
  void pause() {
    stop(State.PAUSED);
  }

  /** Stops for good. */
  void close() {
    stop(State.CLOSED);
  }

  long commands() {
    return commands.get();
  }

  long entries() {
    return entries.get();
  }

  long transactions() {
    return transactions.get();
  }

  private void stop(State newState) {
    List<CommittedEntry> dropped;
    Thread stopping;
    synchronized (this) {
      if (state == State.FAILED || state == State.CLOSED) {
        return;
      }
      state = newState;
      dropped = new ArrayList<>(queue);
      queue.clear();
      queuedBytes = 0;
      stopping = thread;
      thread = null;
      notifyAll();
    }
    try {
      join(stopping);
      checks.cancel();
    } finally {
      dropped.forEach(entry -> entry.done().complete(Message.EMPTY)); // Ratis waits for them
    }
  }

  private static void join(@Nullable Thread stopping) {
    if (stopping == null || stopping == Thread.currentThread()) {
      return;
    }
    try {
      stopping.join(TimeUnit.SECONDS.toMillis(JOIN_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (stopping.isAlive()) {
      throw new IllegalStateException(
          "a registry transaction has not ended within " + JOIN_SECONDS + " s");
    }
  }

  private void run(RegistryWriter writer) {
    List<CommittedEntry> batch = new ArrayList<>();
    try {
      while (take(batch)) {
        apply(writer, batch);
        batch.clear();
      }
    } catch (Throwable failure) { // whatever it is, applying must not go on
      fail(failure, batch);
    }
  }

  /** Waits for entries; false when it is time to stop. */
  private synchronized boolean take(List<CommittedEntry> batch) throws InterruptedException {
    while (state == State.RUNNING && queue.isEmpty()) {
      wait();
    }
    if (state != State.RUNNING) {
      return false;
    }
    int commandCount = 0;
    long bytes = 0;
    while (!queue.isEmpty()
        && batch.size() < BATCH_ENTRIES_MAX
        && commandCount < BATCH_COMMANDS_MAX
        && bytes < BATCH_BYTES_MAX) {
      CommittedEntry next = queue.remove();
      queuedBytes -= next.bytes();
      bytes += next.bytes();
      commandCount += next.entry() == null ? 0 : next.entry().getCommandsCount();
      batch.add(next);
      if (checkId(next) != null) {
        break; // what is checked is the registry at this entry
      }
    }
    notifyAll();
    return true;
  }

  private void apply(RegistryWriter writer, List<CommittedEntry> batch) {
    LogPosition before = position;
    LogPosition last = batch.get(batch.size() - 1).position();
    if (batch.get(0).position().index() <= before.index()) {
      throw new IllegalStateException(
          "entry " + batch.get(0).position() + " is not after the applied position " + before);
    }
    List<List<Outcome>> outcomes = new ArrayList<>(batch.size());
    int commandCount = 0;
    writer.begin();
    for (CommittedEntry committed : batch) {
      LogEntry entry = committed.entry();
      List<Outcome> results = entry == null ? List.of() : writer.apply(entry);
      if (entry != null && results.size() != entry.getCommandsCount()) {
        throw new IllegalStateException(
            results.size() + " outcomes for " + entry.getCommandsCount() + " commands");
      }
      commandCount += results.size();
      outcomes.add(results);
    }
    writer.commit(last);
    commands.addAndGet(commandCount);
    entries.addAndGet(batch.size());
    transactions.incrementAndGet();
    formatLevel = writer.formatLevel();
    position = last;
    String checkId = checkId(batch.get(batch.size() - 1));
    if (checkId != null) {
      checks.begin(checkId, last);
    }
    applied.advance(last.index());
    for (int i = 0; i < batch.size(); i++) {
      ProposedEntry proposal = batch.get(i).proposal();
      if (proposal != null) {
        proposal.setOutcomes(outcomes.get(i));
      }
      batch.get(i).done().complete(Message.EMPTY);
    }
  }

  /** The check that an entry asks for; null for hardly any. */
  private static @Nullable String checkId(CommittedEntry committed) {
    LogEntry entry = committed.entry();
    if (entry == null || entry.getFormatLevel() == FormatLevels.BASE) {
      return null;
    }
    String checkId = null;
    for (Command command : entry.getCommandsList()) {
      checkId = command.hasCheckReplicas() ? command.getCheckReplicas().getCheckId() : checkId;
    }
    return checkId;
  }

  private void fail(Throwable failure, List<CommittedEntry> batch) {
    LOG.error("applying the log failed after {}; this node stops", position, failure);
    List<CommittedEntry> left = new ArrayList<>(batch);
    synchronized (this) {
      state = State.FAILED;
      left.addAll(queue);
      queue.clear();
      queuedBytes = 0;
      notifyAll();
    }
    onFailure.accept(failure);
    left.forEach(entry -> entry.done().completeExceptionally(failure));
  }
}
