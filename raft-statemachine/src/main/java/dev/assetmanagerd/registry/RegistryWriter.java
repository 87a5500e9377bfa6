package dev.assetmanagerd.registry;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The one way to change the registry: {@code begin}, any number of {@code apply}, {@code commit}.
 *
 * <p>The applied position and the cluster clock change in the transaction of the entries that moved
 * them, so a lost tail is lost as a whole and replayed as a whole. Many entries in one transaction
 * give the same registry as one each, only faster.
 *
 * <p>For one thread at a time, except {@link #applied}. After a {@link RegistryException} only
 * {@link #rollback} is allowed.
 */
public final class RegistryWriter {
  private static final String PROGRESS =
      "UPDATE progress SET applied_term = ?, applied_index = ?, cluster_time_millis = ?,"
          + " clock_term = ?, clock_reading = ? WHERE id = 1";

  /** Commits between two looks at the size of the write-ahead log. */
  private static final int WAL_CHECK_COMMITS = 256;

  private static final long WAL_BYTES_MAX = 64L << 20;

  /** Writes stand still that long at most for the sake of the log's size. */
  private static final int WAL_WAIT_MILLIS = 40;

  private final Sql sql;
  private final Applier applier;
  private final Path wal;

  private volatile LogPosition applied;
  private volatile int formatLevel;
  private State state = State.IDLE;
  private ClockState clock;
  private long commits;
  private long walBytesAllowed = WAL_BYTES_MAX;

  private enum State {
    IDLE,
    OPEN,
    FAILED
  }

  RegistryWriter(Sql sql, Path file) {
    this.sql = sql;
    this.applier = new Applier(sql);
    this.wal = file.resolveSibling(file.getFileName() + "-wal");
    Progress progress = Progress.read(sql);
    this.applied = progress.applied();
    this.clock = progress.clock();
    this.formatLevel = applier.formatLevel();
  }

  /** The last position committed; may be asked on any thread. */
  public LogPosition applied() {
    return applied;
  }

  /** The registry's format level as of {@link #applied}; may be asked on any thread. */
  public int formatLevel() {
    return formatLevel;
  }

  /** Starts a transaction. */
  public void begin() {
    require(State.IDLE);
    sql.update("BEGIN IMMEDIATE");
    state = State.FAILED;
    clock = Progress.read(sql).clock();
    state = State.OPEN;
  }

  /**
   * Applies one entry in the open transaction.
   *
   * @return one outcome for each command, in order; rejections are outcomes
   * @throws RegistryException when the database fails, or the entry cannot be applied by this
   *     program: a higher format level, an unknown command, a stamp that no leader makes. The node
   *     must stop then, since going on without the entry would make it differ from the others
   */
  @CanIgnoreReturnValue
  public List<Outcome> apply(LogEntry entry) {
    require(State.OPEN);
    state = State.FAILED;
    long before = clock.millis();
    clock = Applier.check(entry, clock);
    List<Outcome> outcomes = applier.apply(entry, clock.millis());
    if (clock.millis() > before) {
      applier.prune(clock.millis());
    }
    state = State.OPEN;
    return outcomes;
  }

  /**
   * Ends the transaction and makes it visible to reads.
   *
   * @param last position of the last entry applied in it; beyond {@link #applied}
   * @throws IllegalArgumentException when {@code last} is not beyond it; the transaction stays open
   */
  public void commit(LogPosition last) {
    require(State.OPEN);
    if (last.index() <= applied.index() || last.term() < applied.term()) {
      throw new IllegalArgumentException(last + " is not beyond " + applied);
    }
    state = State.FAILED;
    sql.updateOne(
        PROGRESS, last.term(), last.index(), clock.millis(), clock.term(), clock.reading());
    sql.update("COMMIT");
    applied = last;
    formatLevel = applier.formatLevel();
    state = State.IDLE;
    commits++;
    if (commits % WAL_CHECK_COMMITS == 0) {
      boundWal();
    }
  }

  /** Gives up the open transaction, if there is one, with everything applied in it. */
  public void rollback() {
    if (state == State.IDLE) {
      return;
    }
    sql.rollback();
    applier.reload();
    state = State.IDLE;
  }

  private void require(State wanted) {
    if (state != wanted) {
      throw new IllegalStateException(
          "the writer is " + state + " where it must be " + wanted + "; see rollback()");
    }
  }

  /**
   * Starts the write-ahead log over when it has grown large. SQLite itself does so only in a moment
   * without any read, which under steady reading may never come; this waits for those that began
   * before, a little. Where that was not enough (a long read, a copy being made) the next try is
   * when it has grown by as much again.
   */
  private void boundWal() {
    long bytes = walBytes();
    if (bytes <= walBytesAllowed) {
      return;
    }
    sql.execute("PRAGMA busy_timeout = " + WAL_WAIT_MILLIS);
    boolean busy = sql.integer("PRAGMA wal_checkpoint(TRUNCATE)") != 0;
    sql.execute("PRAGMA busy_timeout = " + Connections.WRITER_WAIT_MILLIS);
    walBytesAllowed = busy ? bytes + WAL_BYTES_MAX : WAL_BYTES_MAX;
  }

  private long walBytes() {
    try {
      return Files.exists(wal) ? Files.size(wal) : 0;
    } catch (IOException e) {
      throw new RegistryException("cannot read the size of " + wal, e);
    }
  }
}
