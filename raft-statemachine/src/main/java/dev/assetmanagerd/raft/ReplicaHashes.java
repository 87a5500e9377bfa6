package dev.assetmanagerd.raft;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.node.v1.ReplicaHash;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.registry.RegistrySnapshot;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hashes of this node's registry at positions that the log names, to be compared with those of the
 * other members at the same positions.
 *
 * <p>Applying waits only until a read transaction has begun at the position; the reading is done
 * beside it, half of the time at most, so that it takes no more than half of a processor. One is
 * under way at a time: the next one ends it. The last result is kept. Thread-safe.
 */
final class ReplicaHashes implements ApplyThread.Checks, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaHashes.class);
  private static final long CANCEL_SECONDS = 30;

  /** Applying waits for the end of the one before no longer than this. */
  private static final long SUPERSEDE_SECONDS = 1;

  private final Supplier<RegistrySnapshot> snapshots;
  private final Consumer<RegistryException> onDamage;

  @GuardedBy("this")
  private @Nullable Check latest;

  /** One hash, and the thread that reads for it. */
  private static final class Check {
    final String id;
    final long index;
    final long startedNanos = System.nanoTime();
    final CompletableFuture<Void> ended = new CompletableFuture<>();
    volatile boolean cancelled;
    volatile ReplicaHash result;

    Check(String id, long index) {
      this.id = id;
      this.index = index;
      this.result = state(ReplicaHash.State.STATE_RUNNING).build();
    }

    ReplicaHash.Builder state(ReplicaHash.State state) {
      return ReplicaHash.newBuilder()
          .setState(state)
          .setIndex(index)
          .setTookMillis(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos));
    }

    void fail(String why) {
      result = state(ReplicaHash.State.STATE_FAILED).setError(why).build();
    }
  }

  /**
   * @param snapshots begins a read transaction
   * @param onDamage told when the database turns out to be damaged
   */
  ReplicaHashes(Supplier<RegistrySnapshot> snapshots, Consumer<RegistryException> onDamage) {
    this.snapshots = snapshots;
    this.onDamage = onDamage;
  }

  @Override
  public void begin(String checkId, LogPosition position) {
    if (!ended(SUPERSEDE_SECONDS)) {
      LOG.warn("no hash at {}: the one before does not come to its end", position);
      return; // that one stays the latest, for whoever closes the database has to wait for it
    }
    Check check = new Check(checkId, position.index());
    synchronized (this) {
      latest = check;
    }
    RegistrySnapshot snapshot;
    try {
      snapshot = snapshots.get();
    } catch (RegistryException e) {
      LOG.warn("no snapshot for comparing replicas at {}", position, e);
      check.fail("no snapshot could be read: " + e.getMessage());
      check.ended.complete(null);
      return;
    }
    Thread thread = new Thread(() -> read(check, snapshot), "registry-hash");
    thread.setDaemon(true);
    thread.start();
  }

  private void read(Check check, RegistrySnapshot snapshot) {
    try (snapshot) {
      if (snapshot.applied().index() == check.index) {
        String hash = snapshot.stateHash(new Pace(check));
        check.result = check.state(ReplicaHash.State.STATE_DONE).setHash(hash).build();
        LOG.info("state hash at index {} for comparing: {}", check.index, hash);
      } else {
        check.fail("the snapshot is of " + snapshot.applied());
      }
    } catch (CancellationException e) {
      check.fail("ended before it was done: " + e.getMessage());
    } catch (RegistryException e) {
      LOG.error("reading the registry for comparing replicas failed", e);
      check.fail("the registry cannot be read: " + e.getMessage());
      if (e.isDamage()) {
        onDamage.accept(e);
      }
    } finally {
      check.ended.complete(null);
    }
  }

  /** The hash of a check, as far as it is; UNKNOWN when it has not come here, or another has. */
  synchronized ReplicaHash get(String checkId) {
    Check check = latest;
    return check == null || !check.id.equals(checkId)
        ? ReplicaHash.newBuilder().setState(ReplicaHash.State.STATE_UNKNOWN).build()
        : check.result;
  }

  /** Ends what is under way and waits until it has let go of the database. */
  @Override
  public void cancel() {
    if (!ended(CANCEL_SECONDS)) {
      throw new IllegalStateException(
          "reading the registry has not ended within " + CANCEL_SECONDS + " s");
    }
  }

  /** Tells what is under way to end; whether it has within a time. */
  private boolean ended(long seconds) {
    Check check;
    synchronized (this) {
      check = latest;
    }
    if (check == null) {
      return true;
    }
    check.cancelled = true;
    var unused = check.ended.copy().completeOnTimeout(null, seconds, TimeUnit.SECONDS).join();
    return check.ended.isDone();
  }

  @Override
  public void close() {
    cancel();
  }

  /** Pauses as long as was read before, and gives up when it is told to. */
  private static final class Pace implements Runnable {
    private final Check check;
    private long resumedNanos = System.nanoTime();

    Pace(Check check) {
      this.check = check;
    }

    @Override
    public void run() {
      if (check.cancelled) {
        throw new CancellationException("another check, or the end of this node's registry");
      }
      LockSupport.parkNanos(System.nanoTime() - resumedNanos);
      resumedNanos = System.nanoTime();
    }
  }
}
