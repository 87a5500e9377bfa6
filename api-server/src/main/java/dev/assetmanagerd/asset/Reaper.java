package dev.assetmanagerd.asset;

import com.google.common.util.concurrent.RateLimiter;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.ForgetBlobs;
import dev.assetmanagerd.log.v1.PurgeAssets;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.registry.BlobRef;
import dev.assetmanagerd.registry.RegistryView;
import dev.assetmanagerd.storage.blob.BlobDeleter;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out deletions: deletes the blobs that are condemned, and then purges the records that are
 * DELETING. Only the leader does; the next one goes on where the last one stopped, for these rows
 * are the list of what is left to do.
 *
 * <p>Why a blob can go: a blob is condemned in the log, when nothing refers to it any more, and
 * from then on the registry refuses new records of it and gives its name to no upload. So it does
 * not matter either when a deletion comes late, from a leader that was paused in the middle of it
 * and does not know yet that another one has finished the work.
 *
 * <p>A record whose blob is not condemned is purged at once: others use the blob, or an upload of
 * the same bytes has been promised it.
 *
 * <p>What fails is tried again, each blob with a growing pause; the others are not held up.
 */
final class Reaper implements AutoCloseable {
  static final int BATCH = 256;

  private static final Logger log = LoggerFactory.getLogger(Reaper.class);
  private static final int MAX_LOOKED_AT = 20_000;
  private static final Duration LONGEST_BATCH = Duration.ofMillis(500);

  private final LeaderRegistry registry;
  private final LeaderTerm leader;
  private final StorageBackend backend;
  private final BlobDeleter blobs;
  private final RateLimiter rate;
  private final GarbageCounters counters;
  private final FailPoints failPoints;
  private final ScheduledExecutorService scheduler;
  private final ScheduledFuture<?> timer;
  private final LongSupplier nanoClock;

  @GuardedBy("this")
  private final BlobFailures failures;

  /** DELETING records that had to wait in the last batch, and are not to hide the ones after. */
  @GuardedBy("this")
  private int waiting;

  /**
   * @param purgeable ids of records whose blob is not, or not any more, theirs to take along
   * @param condemned blobs that are due, each with the ids of DELETING records of it
   * @param waiting number of records that have to wait for a blob that is not due
   */
  private record Work(List<String> purgeable, Map<BlobRef, List<String>> condemned, int waiting) {}

  /**
   * @param backend what the store is recorded as; blobs of another one are not to be had here
   * @param rate one permit for each blob
   * @param scheduler one thread, which is blocked while blobs are deleted
   * @param interval pause between two looks for work
   * @param nanoClock monotonic
   */
  Reaper(
      LeaderRegistry registry,
      LeaderTerm leader,
      StorageBackend backend,
      BlobDeleter blobs,
      RateLimiter rate,
      GarbageCounters counters,
      FailPoints failPoints,
      ScheduledExecutorService scheduler,
      Duration interval,
      LongSupplier nanoClock) {
    this.registry = registry;
    this.leader = leader;
    this.backend = backend;
    this.blobs = blobs;
    this.rate = rate;
    this.counters = counters;
    this.failPoints = failPoints;
    this.scheduler = scheduler;
    this.nanoClock = nanoClock;
    this.failures = new BlobFailures(interval, nanoClock);
    this.timer =
        scheduler.scheduleWithFixedDelay(
            this::run, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Looks for work at once, where this node leads. */
  void kick() {
    if (leader.current().isEmpty()) {
      return;
    }
    try {
      scheduler.execute(this::run);
    } catch (RejectedExecutionException e) {
      log.debug("the node is stopping; the next leader goes on", e);
    }
  }

  private synchronized void run() {
    OptionalLong term = leader.current();
    if (term.isEmpty()) {
      failures.clear();
      return;
    }
    try {
      boolean more = true;
      while (more && leader.holds(term.getAsLong())) {
        more = runBatch(term.getAsLong());
      }
    } catch (BlobStoreUnavailableException e) {
      log.warn("no blobs are deleted for now: {}", e.getMessage());
    } catch (RuntimeException e) {
      log.warn("deleting assets did not get on; trying again", ApiErrors.of(e));
    }
  }

  /** Returns whether anything was done, so that there may be more to do. */
  @GuardedBy("this")
  private boolean runBatch(long term) throws BlobStoreUnavailableException {
    int limit = Math.min(MAX_LOOKED_AT, BATCH + Math.max(waiting, failures.size()));
    BlobFailures failuresNow = failures;
    Work work = registry.query(view -> work(view, failuresNow, limit));
    waiting = work.waiting();
    purge(term, work.purgeable());
    int deleted = deleteBlobs(term, work.condemned());
    return deleted > 0 || !work.purgeable().isEmpty();
  }

  private static Work work(RegistryView view, BlobFailures failures, int limit) {
    Map<BlobRef, List<String>> condemned = new LinkedHashMap<>();
    for (BlobRef blob : view.condemned(limit)) {
      if (failures.isDue(blob)) {
        condemned.put(blob, new ArrayList<>());
      }
    }
    List<String> purgeable = new ArrayList<>();
    int waits = 0;
    for (Asset asset : view.deleting(limit)) {
      BlobRef blob = new BlobRef(asset.getBackend(), asset.getLocation());
      if (!view.isCondemned(blob.backend(), blob.location())) {
        purgeable.add(asset.getId());
      } else if (failures.isDue(blob)) {
        condemned.computeIfAbsent(blob, key -> new ArrayList<>()).add(asset.getId());
      } else {
        waits++;
      }
    }
    return new Work(purgeable, condemned, waits);
  }

  /** Tells the registry of what is gone after every few, so that nobody waits for all of them. */
  @GuardedBy("this")
  private int deleteBlobs(long term, Map<BlobRef, List<String>> condemned)
      throws BlobStoreUnavailableException {
    Map<BlobRef, List<String>> gone = new LinkedHashMap<>();
    int count = 0;
    long since = nanoClock.getAsLong();
    for (Map.Entry<BlobRef, List<String>> entry : condemned.entrySet()) {
      rate.acquire();
      if (!isStillCondemned(entry.getKey())) {
        continue;
      }
      if (!leader.holds(term)) {
        return 0; // the next leader finds the blobs gone, and says so
      }
      try {
        if (delete(entry.getKey())) {
          gone.put(entry.getKey(), entry.getValue());
          count++;
        }
      } catch (BlobStoreUnavailableException e) {
        finish(term, gone);
        throw e;
      }
      if (gone.size() >= BATCH || nanoClock.getAsLong() - since > LONGEST_BATCH.toNanos()) {
        finish(term, gone);
        gone.clear();
        since = nanoClock.getAsLong();
      }
    }
    finish(term, gone);
    return count;
  }

  /**
   * Asked again just before each deletion, for a batch may take long, and the process may have been
   * paused in it. Nothing would break without, but a leader that was deposed should keep quiet.
   */
  private boolean isStillCondemned(BlobRef blob) {
    registry.awaitLinearizable();
    return registry.query(view -> view.isCondemned(blob.backend(), blob.location()));
  }

  @GuardedBy("this")
  private boolean delete(BlobRef blob) throws BlobStoreUnavailableException {
    failPoints.hit(FailPoint.DELETE_BEFORE_BLOB);
    try {
      if (blob.backend() != backend) {
        throw new IOException(
            "it is stored in %s, but this cluster is configured for %s"
                .formatted(blob.backend(), backend));
      }
      boolean existed = blobs.delete(blob.location());
      log.info("deleted blob {}{}", blob.location(), existed ? "" : " (it was gone already)");
      counters.blobDeleted();
    } catch (InvalidLocationException e) {
      log.warn("a blob to be deleted cannot be in this store: {}", e.getMessage());
    } catch (BlobStoreUnavailableException e) {
      throw e;
    } catch (IOException e) {
      counters.deletionFailed();
      log.warn(
          "blob {} could not be deleted (attempt {}); trying again",
          blob.location(),
          failures.failed(blob),
          e);
      return false;
    }
    failures.succeeded(blob);
    failPoints.hit(FailPoint.DELETE_AFTER_BLOB);
    return true;
  }

  private void finish(long term, Map<BlobRef, List<String>> gone) {
    purge(term, gone.values().stream().flatMap(List::stream).toList());
    List<BlobRef> unrecorded =
        gone.entrySet().stream()
            .filter(entry -> entry.getValue().isEmpty())
            .map(Map.Entry::getKey)
            .toList();
    forget(term, unrecorded);
  }

  /** Purging the last record of a condemned blob also notes that the blob is gone. */
  private void purge(long term, List<String> ids) {
    for (int from = 0; from < ids.size(); from += BATCH) {
      List<String> some = ids.subList(from, Math.min(ids.size(), from + BATCH));
      var unused =
          registry.propose(
              term,
              Command.newBuilder().setPurgeAssets(PurgeAssets.newBuilder().addAllAssetIds(some)));
      failPoints.hit(FailPoint.DELETE_AFTER_PURGE);
    }
  }

  private void forget(long term, List<BlobRef> gone) {
    if (gone.isEmpty()) {
      return;
    }
    var unused =
        registry.propose(
            term,
            Command.newBuilder()
                .setForgetBlobs(
                    ForgetBlobs.newBuilder()
                        .setBackend(backend)
                        .addAllLocations(gone.stream().map(BlobRef::location).toList())));
    failPoints.hit(FailPoint.DELETE_AFTER_PURGE);
  }

  @Override
  public void close() {
    timer.cancel(false);
  }
}
