package dev.assetmanagerd.asset;

import com.google.rpc.Code;
import dev.assetmanagerd.garbage.v1.SweepOrphansRequest;
import dev.assetmanagerd.garbage.v1.SweepOrphansResponse;
import dev.assetmanagerd.storage.blob.BlobCleaner;
import io.grpc.Context;
import io.grpc.Deadline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares store and registry, both ways, on the leader: records without a blob, blobs without a
 * record, and what uploads have left behind on their way. Not more than one sweep runs at a time.
 *
 * <p>Where no asset is registered at all, blobs are never deleted unless somebody says that this is
 * right: a cluster that was founded on the store of one that is lost must leave what a restore will
 * need.
 *
 * <p>Records come first: where most of them have lost their blob, the store is more likely to be
 * the wrong one, and then nothing in it is touched. A sweep on schedule also leaves blobs alone of
 * which most have no record, for the registry may be the wrong one; a sweep that somebody asks for
 * takes them.
 */
final class OrphanSweep {
  private static final Logger log = LoggerFactory.getLogger(OrphanSweep.class);
  private static final Duration LEFTOVER_AGE = Duration.ofDays(1);

  private final RegistryAccess calls;
  private final LeaderRegistry registry;
  private final LeaderTerm leader;
  private final AssetServiceOptions options;
  private final OrphanBlobs orphans;
  private final MissingBlobs missing;
  private final BlobCleaner cleaner;
  private final PartSweep parts;
  private final GarbageCounters counters;
  private final AtomicBoolean running = new AtomicBoolean();

  OrphanSweep(
      RegistryAccess calls,
      LeaderRegistry registry,
      LeaderTerm leader,
      AssetServiceOptions options,
      OrphanBlobs orphans,
      MissingBlobs missing,
      BlobCleaner cleaner,
      PartSweep parts,
      GarbageCounters counters) {
    this.calls = calls;
    this.registry = registry;
    this.leader = leader;
    this.options = options;
    this.orphans = orphans;
    this.missing = missing;
    this.cleaner = cleaner;
    this.parts = parts;
    this.counters = counters;
  }

  /** One sweep on request. Blocks until it is done, or the deadline is over. */
  SweepOrphansResponse run(SweepOrphansRequest request) throws IOException {
    long seconds = Fields.seconds("min_age_seconds", request.getMinAgeSeconds());
    Duration minAge = seconds == 0 ? options.garbage().orphanAge() : Duration.ofSeconds(seconds);
    long term = leader.required();
    Deadline deadline = calls.deadline();
    Runnable check =
        () -> {
          stopUnlessLeading(term);
          stopUnlessWanted(deadline);
        };
    return sweep(
        new Plan(term, minAge, request.getDryRun(), true, request.getAllowEmptyRegistry()), check);
  }

  /** One sweep on schedule. */
  void runOnSchedule(long term) {
    try {
      SweepOrphansResponse found =
          sweep(
              new Plan(term, options.garbage().orphanAge(), false, false, false),
              () -> stopUnlessLeading(term));
      if (found.getOrphanBlobCount() > 0 || found.getAssetWithoutBlobCount() > 0) {
        log.info(
            "the sweep found {} blobs of {} bytes without a record, and {} assets without a blob",
            found.getOrphanBlobCount(),
            found.getOrphanBytes(),
            found.getAssetWithoutBlobCount());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void stopUnlessLeading(long term) {
    if (!leader.holds(term)) {
      throw ApiErrors.outcomeUnknown(
          Code.UNAVAILABLE, "this node stopped leading in the middle of a sweep");
    }
  }

  private static void stopUnlessWanted(Deadline deadline) {
    if (Context.current().isCancelled()) {
      throw ApiErrors.cancelled("the client gave up in the middle of a sweep");
    }
    if (deadline.isExpired()) {
      throw ApiErrors.outcomeUnknown("the deadline passed in the middle of a sweep");
    }
  }

  /**
   * What to do.
   *
   * @param minAge of blobs without a record
   * @param asked somebody asked for it, and takes the responsibility
   * @param allowEmpty also where no asset is registered
   */
  private record Plan(
      long term, Duration minAge, boolean dryRun, boolean asked, boolean allowEmpty) {}

  private SweepOrphansResponse sweep(Plan plan, Runnable check) throws IOException {
    if (!running.compareAndSet(false, true)) {
      throw ApiErrors.resourceExhausted(
          "a sweep runs on this node already; try again when it has come to its end");
    }
    try {
      registry.awaitLinearizable();
      SweepReport report = new SweepReport();
      lookForMissing(plan, report, check);
      lookForOrphans(plan, report, check);
      if (!plan.dryRun()) {
        report.uploads(parts.run(check));
        int leftovers = cleaner.cleanUp(LEFTOVER_AGE);
        log.debug("deleted {} files that uploads left behind", leftovers);
      }
      SweepOrphansResponse response = report.response();
      if (!plan.dryRun()) {
        counters.swept(response.getOrphanBlobCount(), response.getAssetWithoutBlobCount());
      }
      return response;
    } finally {
      running.set(false);
    }
  }

  private void lookForMissing(Plan plan, SweepReport report, Runnable check) throws IOException {
    MissingBlobs.Found found = missing.find(check);
    if (found.isImplausible()) {
      String message =
          "%d of %d assets have no blob in the store: rather than that they are lost, the store is"
              + " not the one they are in. Nothing was changed";
      String text = message.formatted(found.missing().size(), found.available());
      counters.sweepRefused();
      log.error("sweep refused: {}", text);
      throw ApiErrors.failedPrecondition(text);
    }
    if (!plan.dryRun()) {
      missing.note(plan.term(), found, check);
    }
    found.missing().forEach(report::withoutBlob);
    found.stillMissing().forEach(report::withoutBlob);
    found.found().forEach(report::foundAgain);
  }

  private void lookForOrphans(Plan plan, SweepReport report, Runnable check) throws IOException {
    OrphanBlobs.Found found = orphans.find(plan.minAge(), check);
    if (plan.dryRun()) {
      found.orphans().forEach(report::orphan);
    } else if (!found.orphans().isEmpty() && !plan.allowEmpty() && isRegistryEmpty()) {
      refuseWithoutAssets(plan, found.orphans().size());
    } else if (!plan.asked()
        && Plausibility.isImplausible(found.orphans().size(), found.listed())) {
      counters.sweepRefused();
      log.error(
          "{} of {} blobs in the store have no record: rather than that they are garbage, the"
              + " registry is not the one they belong to. They are left alone; to delete them, ask"
              + " for a sweep",
          found.orphans().size(),
          found.listed());
    } else {
      orphans.condemn(plan.term(), found.orphans(), report, check);
    }
  }

  /** Of whatever status: one that is being deleted belongs to a registry that had assets. */
  private boolean isRegistryEmpty() {
    return registry.query(view -> view.counts().assets()) == 0;
  }

  private void refuseWithoutAssets(Plan plan, int orphans) {
    String text =
        orphans
            + " blobs in the store have no record, and no asset is registered at all: rather than"
            + " that they are garbage, this is a new cluster on the store of another. Nothing was"
            + " deleted";
    counters.sweepRefused();
    log.error("SWEEP REFUSED: {}", text);
    if (plan.asked()) {
      throw ApiErrors.failedPrecondition(
          text + "; if they are garbage, say so (gc sweep --allow-empty-registry)");
    }
  }
}
