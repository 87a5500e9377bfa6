package dev.assetmanagerd.asset;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.PurgeAssets;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.registry.RegistryView;
import dev.assetmanagerd.storage.blob.BlobDeleter;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out deletions: of each asset that is DELETING, deletes the blob and then purges the
 * record. Only the leader does; the next one goes on where the last one stopped, for the DELETING
 * rows are the list of what is left to do.
 *
 * <p>Why the blob can go: while a record of a location is DELETING, the registry refuses new
 * records of it. So when no other record refers to the blob, none will before the purge. Records
 * that share a blob are taken one after the other, and the last one takes the blob with it.
 *
 * <p>What fails is tried again, each asset with a growing pause; the others are not held up.
 */
final class Reaper implements LeadershipListener, AutoCloseable {
  static final int BATCH = 256;

  private static final Logger log = LoggerFactory.getLogger(Reaper.class);
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final int LONGEST_PAUSE_ROUNDS = 64;
  private static final long NOT_LEADING = -1;

  private final ReplicatedRegistry registry;
  private final BlobDeleter blobs;
  private final ScheduledExecutorService scheduler;
  private final ScheduledFuture<?> timer;
  private final AtomicLong leadingTerm = new AtomicLong(NOT_LEADING);

  @GuardedBy("this")
  private final Map<String, Failure> failures = new HashMap<>();

  @GuardedBy("this")
  private long round;

  private record Failure(int count, long retryRound) {}

  private record Work(Asset asset, boolean deleteBlob) {}

  /**
   * @param scheduler one thread, which is blocked while blobs are deleted
   * @param interval pause between two looks for work
   */
  Reaper(
      ReplicatedRegistry registry,
      BlobDeleter blobs,
      ScheduledExecutorService scheduler,
      Duration interval) {
    this.registry = registry;
    this.blobs = blobs;
    this.scheduler = scheduler;
    this.timer =
        scheduler.scheduleWithFixedDelay(
            this::run, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void onLeaderReady(long term) {
    leadingTerm.set(term);
    kick();
  }

  @Override
  public void onLeadershipLost() {
    leadingTerm.set(NOT_LEADING);
  }

  /** Looks for work at once, where this node leads. */
  void kick() {
    if (leadingTerm.get() == NOT_LEADING) {
      return;
    }
    try {
      scheduler.execute(this::run);
    } catch (RejectedExecutionException e) {
      log.debug("the node is stopping; the next leader goes on", e);
    }
  }

  private synchronized void run() {
    long term = leadingTerm.get();
    if (term == NOT_LEADING) {
      failures.clear();
      return;
    }
    try {
      boolean more = true;
      while (more && leadingTerm.get() == term) {
        round++;
        more = runBatch(term);
      }
    } catch (RuntimeException e) {
      log.warn("deleting assets did not get on; trying again", ApiErrors.of(e));
    }
  }

  /** Returns whether there was something to do and all of it went well. */
  @GuardedBy("this")
  private boolean runBatch(long term) {
    if (registry.query(view -> view.deleting(1)).isEmpty()) {
      failures.clear();
      return false;
    }
    // A leader that was deposed without knowing would see rows that are purged already.
    awaitLinearizable();
    Map<String, Failure> failuresNow = failures;
    long roundNow = round;
    List<Work> work = registry.query(view -> work(view, failuresNow, roundNow));
    List<String> done = new ArrayList<>();
    for (Work item : work) {
      if (leadingTerm.get() != term) {
        return false;
      }
      if (!item.deleteBlob() || (isStillDue(item.asset()) && deleteBlob(item.asset()))) {
        done.add(item.asset().getId());
      }
    }
    purge(done);
    return !done.isEmpty();
  }

  private static List<Work> work(RegistryView view, Map<String, Failure> failures, long round) {
    List<Work> work = new ArrayList<>();
    Set<String> locations = new HashSet<>();
    for (Asset asset : view.deleting(BATCH)) {
      Failure failure = failures.get(asset.getId());
      boolean due = failure == null || failure.retryRound() <= round;
      if (due && locations.add(asset.getBackend() + " " + asset.getLocation())) {
        boolean shared = view.blobInUse(asset.getBackend(), asset.getLocation(), asset.getId());
        work.add(new Work(asset, !shared));
      }
    }
    return work;
  }

  /**
   * Asked again just before each deletion, for a batch may take long, and the process may have been
   * paused in it: another leader may have deleted and purged meanwhile, and somebody may have
   * uploaded the same bytes again.
   */
  private boolean isStillDue(Asset asset) {
    awaitLinearizable();
    return registry.query(
        view ->
            view.asset(asset.getId())
                    .filter(now -> now.getStatus() == AssetStatus.ASSET_STATUS_DELETING)
                    .isPresent()
                && !view.blobInUse(asset.getBackend(), asset.getLocation(), asset.getId()));
  }

  private void awaitLinearizable() {
    Deadline deadline = fromNow();
    RegistryAccess.await(registry.awaitLinearizable(deadline), deadline);
  }

  /** For each step its own: however slow the store is, what was deleted must get purged. */
  private static Deadline fromNow() {
    return Deadline.after(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
  }

  @GuardedBy("this")
  private boolean deleteBlob(Asset asset) {
    try {
      boolean existed = blobs.delete(asset.getLocation());
      log.info(
          "deleted the blob of asset {} at {}{}",
          asset.getId(),
          asset.getLocation(),
          existed ? "" : " (it was gone already)");
      failures.remove(asset.getId());
      return true;
    } catch (InvalidLocationException e) {
      log.warn("asset {} has no blob in this store: {}", asset.getId(), e.getMessage());
      failures.remove(asset.getId());
      return true;
    } catch (IOException e) {
      noteFailure(asset, e);
      return false;
    }
  }

  @GuardedBy("this")
  private void noteFailure(Asset asset, IOException e) {
    Failure before = failures.get(asset.getId());
    int count = before == null ? 1 : before.count() + 1;
    int pauseRounds = Math.min(1 << Math.min(count, 16), LONGEST_PAUSE_ROUNDS);
    if (failures.size() < BATCH || before != null) {
      failures.put(asset.getId(), new Failure(count, round + pauseRounds));
    }
    log.warn(
        "the blob of asset {} at {} could not be deleted (attempt {}); trying again",
        asset.getId(),
        asset.getLocation(),
        count,
        e);
  }

  private void purge(List<String> ids) {
    if (ids.isEmpty()) {
      return;
    }
    Command command =
        Command.newBuilder()
            .setRequestId(UUID.randomUUID().toString())
            .setPurgeAssets(PurgeAssets.newBuilder().addAllAssetIds(ids))
            .build();
    Deadline deadline = fromNow();
    RegistryAccess.accepted(
        RegistryAccess.await(registry.propose(command, deadline), deadline).outcome());
  }

  @Override
  public void close() {
    leadingTerm.set(NOT_LEADING);
    timer.cancel(false);
  }
}
