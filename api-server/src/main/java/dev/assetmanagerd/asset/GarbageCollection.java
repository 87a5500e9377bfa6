package dev.assetmanagerd.asset;

import com.google.common.util.concurrent.RateLimiter;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.GarbageCollectResponse;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.DeletionMarked;
import dev.assetmanagerd.log.v1.ExpireLeases;
import dev.assetmanagerd.log.v1.LeasesExpired;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.raft.Committed;
import dev.assetmanagerd.registry.RegistryView;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects garbage, on request and on schedule, on the leader: ends expired leases, then marks what
 * nobody has used for long enough. The {@link Reaper} does the rest.
 *
 * <p>What is found by reading is a proposal; whether an asset goes is decided when the mark is
 * applied, where a lease taken meanwhile still saves it, and the end of this node's term stops it.
 * Reading for garbage is no use: it never moves last_accessed_at.
 */
final class GarbageCollection {
  private static final Logger log = LoggerFactory.getLogger(GarbageCollection.class);
  private static final int LEASES_PER_COMMAND = 1000;
  private static final int ASSETS_PER_COMMAND = 256;

  /**
   * A response that has this little room left is full. More than the largest asset, so that a batch
   * which was cut to fit is the last one, also when it is replayed.
   */
  private static final int ROOM_BYTES = 128 << 10;

  private final RegistryAccess calls;
  private final LeaderRegistry registry;
  private final LeaderTerm leader;
  private final AssetServiceOptions options;
  private final RateLimiter rate;
  private final Reaper reaper;
  private final GarbageCounters counters;
  private final FailPoints failPoints;
  private final Clock clock;
  private final LongSupplier nanoClock;
  private final int batch;

  /**
   * @param calls for what a call may wait
   * @param rate one permit for each asset
   * @param clock wall time, to find candidates; the stamp of the log entry decides
   * @param nanoClock monotonic
   */
  GarbageCollection(
      RegistryAccess calls,
      LeaderRegistry registry,
      LeaderTerm leader,
      AssetServiceOptions options,
      RateLimiter rate,
      Reaper reaper,
      GarbageCounters counters,
      FailPoints failPoints,
      Clock clock,
      LongSupplier nanoClock) {
    this.calls = calls;
    this.registry = registry;
    this.leader = leader;
    this.options = options;
    this.rate = rate;
    this.reaper = reaper;
    this.counters = counters;
    this.failPoints = failPoints;
    this.clock = clock;
    this.nanoClock = nanoClock;
    // No batch takes more than about a second of what the rate allows.
    this.batch = Math.min(ASSETS_PER_COMMAND, options.garbage().rateLimit());
  }

  /**
   * One collection on request. Blocks until it is done, or the deadline is over. It takes at most
   * what its response can list; the rest is for the next call, and a dry run stops at the same
   * point.
   */
  GarbageCollectResponse run(CallScope scope, GarbageCollectRequest request) {
    long idleSeconds = AssetRequests.collect(request, options);
    Deadline deadline = calls.deadline();
    long term = leader.required();
    if (request.getDryRun()) {
      return request.getDeleteUnreferenced()
          ? calls.readLinearizableAndWait(deadline, view -> dryRun(view, idleSeconds))
          : GarbageCollectResponse.getDefaultInstance();
    }
    long start = nanoClock.getAsLong();
    var unused = expireLeases(term, deadline);
    GarbageCollectResponse response =
        request.getDeleteUnreferenced()
            ? mark(scope, term, idleSeconds, deadline)
            : GarbageCollectResponse.getDefaultInstance();
    counters.collected(nanoClock.getAsLong() - start);
    return response;
  }

  /**
   * One collection on schedule: all that there is, for as long as this node leads. Where it stops,
   * the next leader goes on.
   */
  void runOnSchedule(long term) {
    long start = nanoClock.getAsLong();
    long idleSeconds = options.garbage().maxAge().toSeconds();
    int leases = expireLeases(term, null);
    int assets = 0;
    long bytes = 0;
    List<Asset> found = candidates(idleSeconds, null, Integer.MAX_VALUE);
    while (!found.isEmpty() && leader.holds(term)) {
      DeletionMarked marked =
          mark(term, found, idleSeconds, command -> command, null).outcome().getDeletionMarked();
      assets += marked.getMarkedCount();
      bytes += marked.getBytesFreed();
      found = candidates(idleSeconds, last(found), Integer.MAX_VALUE);
    }
    counters.collected(nanoClock.getAsLong() - start);
    if (leases > 0 || assets > 0) {
      log.info(
          "garbage collection ended {} expired leases and marked {} assets; their blobs have {}"
              + " bytes",
          leases,
          assets,
          bytes);
    }
  }

  private int expireLeases(long term, @Nullable Deadline deadline) {
    int count = 0;
    LeasesExpired expired;
    do {
      Command.Builder command =
          Command.newBuilder()
              .setExpireLeases(ExpireLeases.newBuilder().setLimit(LEASES_PER_COMMAND));
      expired = propose(term, command, deadline).outcome().getLeasesExpired();
      count += expired.getCount();
    } while (expired.getMore());
    return count;
  }

  private Committed propose(long term, Command.Builder command, @Nullable Deadline deadline) {
    return registry.propose(
        term, command, deadline == null ? LeaderRegistry.stepDeadline() : deadline);
  }

  /**
   * Marks batch after batch until one comes back empty, also the one that is proposed for this end
   * alone: with an idempotency key, the repetition of a call is told the same batches, and the same
   * end, whatever has become garbage since.
   */
  private GarbageCollectResponse mark(
      CallScope scope, long term, long idleSeconds, Deadline deadline) {
    GarbageCollectResponse.Builder response = GarbageCollectResponse.newBuilder();
    int bytes = 0;
    Asset after = null;
    try {
      for (int number = 1; bytes <= AssetReads.MAX_PAGE_BYTES - ROOM_BYTES; number++) {
        List<Asset> found = candidates(idleSeconds, after, AssetReads.MAX_PAGE_BYTES - bytes);
        if (found.isEmpty() && scope.idempotencyKey().isEmpty()) {
          break;
        }
        int position = number;
        Committed committed =
            mark(term, found, idleSeconds, command -> scope.keyed(command, position), deadline);
        scope.wrote(committed.index());
        DeletionMarked marked = committed.outcome().getDeletionMarked();
        if (marked.getMarkedCount() == 0 && marked.getRefusedCount() == 0) {
          break;
        }
        if (committed.outcome().getReplayed()) {
          scope.replayed();
        } else {
          after = last(found); // also beyond those that were refused
        }
        bytes += marked.getMarkedList().stream().mapToInt(Asset::getSerializedSize).sum();
        response
            .addAllDeletedAssets(marked.getMarkedList())
            .setBytesFreed(response.getBytesFreed() + marked.getBytesFreed());
      }
    } catch (StatusRuntimeException e) {
      throw response.getDeletedAssetsCount() == 0
          ? e
          : ApiErrors.halfDone(
              e, response.getDeletedAssetsCount() + " assets had been marked as garbage before");
    }
    return response.build();
  }

  private static Asset last(List<Asset> assets) {
    return assets.get(assets.size() - 1);
  }

  private Committed mark(
      long term,
      List<Asset> found,
      long idleSeconds,
      UnaryOperator<Command.Builder> keyed,
      @Nullable Deadline deadline) {
    if (!found.isEmpty()) {
      rate.acquire(found.size());
    }
    Command.Builder command =
        Command.newBuilder()
            .setMarkDeleting(
                MarkDeleting.newBuilder()
                    .addAllAssetIds(found.stream().map(Asset::getId).toList())
                    .setMinIdleSeconds(idleSeconds)
                    .setReason(MarkDeleting.Reason.REASON_GARBAGE));
    Committed committed = propose(term, keyed.apply(command), deadline);
    DeletionMarked marked = committed.outcome().getDeletionMarked();
    if (marked.getMarkedCount() > 0 && !committed.outcome().getReplayed()) {
      counters.marked(marked.getMarkedCount(), marked.getBytesFreed());
      failPoints.hit(FailPoint.DELETE_AFTER_MARK);
      reaper.kick();
    }
    return committed;
  }

  private List<Asset> candidates(long idleSeconds, @Nullable Asset after, int maxBytes) {
    long before = lastAccessedBefore(idleSeconds);
    return registry.query(view -> page(view, before, after, maxBytes));
  }

  /** An asset used exactly that long ago is garbage as well, hence the second more. */
  private long lastAccessedBefore(long idleSeconds) {
    return clock.instant().getEpochSecond() - idleSeconds + 1;
  }

  /** One batch of candidates, cut where it would get larger than that. */
  private List<Asset> page(RegistryView view, long before, @Nullable Asset after, int maxBytes) {
    List<Asset> kept = new ArrayList<>();
    int bytes = 0;
    for (Asset asset : view.collectable(before, after, batch)) {
      bytes += asset.getSerializedSize();
      if (bytes > maxBytes && !kept.isEmpty()) {
        break;
      }
      kept.add(asset);
    }
    return kept;
  }

  /** The same batches as of a real run, out of one snapshot. */
  private GarbageCollectResponse dryRun(RegistryView view, long idleSeconds) {
    long before = lastAccessedBefore(idleSeconds);
    List<Asset> going = new ArrayList<>();
    int bytes = 0;
    Asset after = null;
    while (bytes <= AssetReads.MAX_PAGE_BYTES - ROOM_BYTES) {
      List<Asset> page = page(view, before, after, AssetReads.MAX_PAGE_BYTES - bytes);
      if (page.isEmpty()) {
        break;
      }
      going.addAll(page);
      bytes += page.stream().mapToInt(Asset::getSerializedSize).sum();
      after = last(page);
    }
    return GarbageCollectResponse.newBuilder()
        .addAllDeletedAssets(going)
        .setBytesFreed(SharedBlobs.bytesFreed(view, going))
        .build();
  }
}
