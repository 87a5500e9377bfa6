package dev.assetmanagerd.asset;

import com.google.common.collect.Lists;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.NoteBlobs;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From the registry to the store: assets whose blob is not there, or not in its full size.
 *
 * <p>A store that cannot be used ends the search, for what it does not show is not missing. A
 * single blob that cannot be looked at counts as neither there nor missing.
 */
final class MissingBlobs {
  private static final Logger log = LoggerFactory.getLogger(MissingBlobs.class);
  private static final int PAGE = 256;

  private final LeaderRegistry registry;
  private final StorageBackend backend;
  private final BlobReader reader;

  MissingBlobs(LeaderRegistry registry, StorageBackend backend, BlobReader reader) {
    this.registry = registry;
    this.backend = backend;
    this.reader = reader;
  }

  private enum Blob {
    THERE,
    MISSING,
    UNKNOWN
  }

  /**
   * What a look at all assets brought.
   *
   * @param missing ids of AVAILABLE assets without their blob
   * @param stillMissing ids of ERROR assets without their blob
   * @param found ids of ERROR assets whose blob is there
   * @param available number of AVAILABLE assets looked at
   */
  record Found(
      List<String> missing, List<String> stillMissing, List<String> found, long available) {
    /** Whether so many are missing that the store is more likely to be wrong than the registry. */
    boolean isImplausible() {
      return Plausibility.isImplausible(missing.size(), available);
    }
  }

  /**
   * Looks for assets without a blob, and for blobs that came back.
   *
   * @param check throws when the sweep has to stop
   */
  Found find(Runnable check) throws IOException {
    List<Asset> missing = new ArrayList<>();
    List<String> stillMissing = new ArrayList<>();
    List<String> found = new ArrayList<>();
    long available = 0;
    String afterId = null;
    List<Asset> page = page(null);
    while (!page.isEmpty()) {
      check.run();
      for (Asset asset : page) {
        boolean error = asset.getStatus() == AssetStatus.ASSET_STATUS_ERROR;
        available += error ? 0 : 1;
        Blob blob = look(asset);
        if (error && blob == Blob.THERE) {
          found.add(asset.getId());
        } else if (error && blob == Blob.MISSING) {
          stillMissing.add(asset.getId());
        } else if (blob == Blob.MISSING) {
          missing.add(asset);
        }
      }
      afterId = page.get(page.size() - 1).getId();
      page = page(afterId);
    }
    return new Found(confirmed(missing, check), stillMissing, found, available);
  }

  private List<Asset> page(@Nullable String afterId) {
    return registry.query(view -> view.stored(backend, afterId, PAGE));
  }

  /**
   * Those that are missing at a second look, after all others: an asset may have been deleted
   * between reading its record and looking for its blob, and an NFS client remembers for a while
   * that a file was not there.
   */
  private List<String> confirmed(List<Asset> missing, Runnable check) throws IOException {
    List<String> confirmed = new ArrayList<>();
    for (Asset asset : missing) {
      check.run();
      Optional<Asset> now = registry.query(view -> view.asset(asset.getId()));
      if (now.isPresent()
          && now.get().getStatus() == AssetStatus.ASSET_STATUS_AVAILABLE
          && look(now.get()) == Blob.MISSING) {
        confirmed.add(asset.getId());
      }
    }
    return confirmed;
  }

  private Blob look(Asset asset) throws BlobStoreUnavailableException {
    try {
      Optional<BlobStat> blob = reader.stat(asset.getLocation());
      return blob.isPresent() && blob.get().sizeBytes() == asset.getSizeBytes()
          ? Blob.THERE
          : Blob.MISSING;
    } catch (InvalidLocationException e) {
      return Blob.MISSING; // the store has no such place
    } catch (BlobStoreUnavailableException e) {
      throw e;
    } catch (IOException e) {
      log.warn("cannot look for the blob of asset {}", asset.getId(), e);
      return Blob.UNKNOWN;
    }
  }

  /** Has the registry note what was found. */
  void note(long term, Found found, Runnable check) {
    for (List<String> batch : Lists.partition(found.missing(), PAGE)) {
      check.run();
      log.error("assets without their blob, not available any more: {}", batch);
      var unused =
          registry.propose(
              term,
              Command.newBuilder()
                  .setNoteBlobs(NoteBlobs.newBuilder().addAllMissingAssetIds(batch)));
    }
    for (List<String> batch : Lists.partition(found.found(), PAGE)) {
      check.run();
      log.info("assets whose blob is back, available again: {}", batch);
      var unused =
          registry.propose(
              term,
              Command.newBuilder().setNoteBlobs(NoteBlobs.newBuilder().addAllFoundAssetIds(batch)));
    }
  }
}
