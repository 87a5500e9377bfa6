package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.BlobLister;
import dev.assetmanagerd.storage.blob.BlobParts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes the parts of uploads that are not open any more, on the leader: of those that expired,
 * and of those whose end was cut short.
 *
 * <p>The store is listed first and the registry asked after: an upload is open before it has its
 * first part, and once it is not open, it never is again.
 */
final class PartSweep {
  private static final Logger log = LoggerFactory.getLogger(PartSweep.class);

  /** A part may be under way while its upload ends; and nobody pays much for waiting. */
  private static final Duration MIN_AGE = Duration.ofHours(1);

  /** Uploads looked at in one go; far more than may be open. */
  private static final int MAX_LOOKED_AT = 100_000;

  private final LeaderRegistry registry;
  private final LeaderTerm leader;
  private final BlobParts parts;
  private final BlobLister store;
  private final GarbageCounters counters;

  PartSweep(
      LeaderRegistry registry,
      LeaderTerm leader,
      BlobParts parts,
      BlobLister store,
      GarbageCounters counters) {
    this.registry = registry;
    this.leader = leader;
    this.parts = parts;
    this.store = store;
    this.counters = counters;
  }

  /** One sweep on schedule. */
  void runOnSchedule(long term) {
    try {
      int deleted =
          run(
              () -> {
                if (!leader.holds(term)) {
                  throw ApiErrors.unavailable("this node stopped leading in the middle of a sweep");
                }
              });
      if (deleted > 0) {
        log.info("deleted the parts of {} uploads that had ended", deleted);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * One sweep; returns of how many uploads it deleted the parts. Blocks.
   *
   * @param check throws when it should go no further
   */
  int run(Runnable check) throws IOException {
    List<String> old = old();
    if (old.isEmpty()) {
      return 0;
    }
    registry.awaitLinearizable();
    int deleted = 0;
    for (String id : registry.query(view -> view.uploadsNotOpen(old))) {
      check.run();
      parts.deleteParts(id);
      counters.partsDeleted();
      deleted++;
    }
    return deleted;
  }

  private List<String> old() throws IOException {
    Instant youngest = store.storeTime().minus(MIN_AGE);
    try (Stream<BlobParts.Upload> uploads = parts.listUploads()) {
      return uploads
          .filter(upload -> upload.lastModified().isBefore(youngest))
          .map(BlobParts.Upload::uploadId)
          .limit(MAX_LOOKED_AT)
          .collect(Collectors.toList());
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
