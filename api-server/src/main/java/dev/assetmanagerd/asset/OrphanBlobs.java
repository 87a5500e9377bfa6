package dev.assetmanagerd.asset;

import com.google.common.collect.Lists;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.CondemnBlobs;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.storage.blob.BlobLister;
import dev.assetmanagerd.storage.blob.BlobStat;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * From the store to the registry: blobs under our own names that nothing refers to.
 *
 * <p>A blob is condemned in the log, which looks again whether anything refers to it, a running
 * upload included; the {@link Reaper} deletes it. That a blob has to be old as well is for what the
 * registry cannot know: that somebody copied it there, to register it next.
 */
final class OrphanBlobs {
  private static final int BATCH = 256;

  /** More than that are left to the next sweep. */
  private static final int MAX_FOUND = 100_000;

  private final LeaderRegistry registry;
  private final StorageBackend backend;
  private final BlobLister lister;
  private final Reaper reaper;
  private final FailPoints failPoints;

  OrphanBlobs(
      LeaderRegistry registry,
      StorageBackend backend,
      BlobLister lister,
      Reaper reaper,
      FailPoints failPoints) {
    this.registry = registry;
    this.backend = backend;
    this.lister = lister;
    this.reaper = reaper;
    this.failPoints = failPoints;
  }

  /**
   * What a look at the whole store brought.
   *
   * @param orphans by location, with their sizes; not all where there are too many
   * @param listed number of blobs in the store, of any age
   */
  record Found(Map<String, Long> orphans, long listed) {}

  /**
   * Looks for orphans.
   *
   * @param check throws when the sweep has to stop
   */
  Found find(Duration minAge, Runnable check) throws IOException {
    Instant limit = lister.storeTime().minus(minAge);
    Search search = new Search(limit, check);
    try (Stream<BlobStat> blobs = lister.list()) {
      blobs.forEach(search::add);
    }
    search.look();
    return new Found(search.orphans, search.listed);
  }

  /** Condemns orphans that still are; reports those that it did. */
  void condemn(long term, Map<String, Long> orphans, SweepReport report, Runnable check) {
    for (List<String> batch : Lists.partition(List.copyOf(orphans.keySet()), BATCH)) {
      check.run();
      Set<String> condemned =
          new HashSet<>(
              registry
                  .propose(
                      term,
                      Command.newBuilder()
                          .setCondemnBlobs(
                              CondemnBlobs.newBuilder().setBackend(backend).addAllLocations(batch)))
                  .getBlobsCondemned()
                  .getLocationsList());
      batch.stream()
          .filter(condemned::contains)
          .forEach(location -> report.orphan(location, orphans.getOrDefault(location, 0L)));
      failPoints.hit(FailPoint.SWEEP_AFTER_CONDEMN);
      reaper.kick();
    }
  }

  /** Asks the registry about some blobs at a time, so that few of them are in memory. */
  private final class Search {
    final Map<String, Long> orphans = new LinkedHashMap<>();
    private final Instant limit;
    private final Runnable check;
    private final List<BlobStat> batch = new ArrayList<>();
    private long listed;

    Search(Instant limit, Runnable check) {
      this.limit = limit;
      this.check = check;
    }

    void add(BlobStat blob) {
      listed++;
      if (blob.lastModified().isAfter(limit) || orphans.size() >= MAX_FOUND) {
        return;
      }
      batch.add(blob);
      if (batch.size() >= BATCH) {
        look();
      }
    }

    void look() {
      check.run();
      List<String> locations = batch.stream().map(BlobStat::location).toList();
      Set<String> unreferenced =
          new HashSet<>(registry.query(view -> view.unreferenced(backend, locations)));
      batch.stream()
          .filter(blob -> unreferenced.contains(blob.location()))
          .forEach(blob -> orphans.put(blob.location(), blob.sizeBytes()));
      batch.clear();
    }
  }
}
