package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.importer.v1.ImportResult.Verdict;
import dev.assetmanagerd.importer.v1.OldAsset;
import dev.assetmanagerd.importer.v1.OldLease;
import dev.assetmanagerd.olddaemon.OldDatabase;
import dev.assetmanagerd.olddaemon.OldDatabaseException;
import dev.assetmanagerd.olddaemon.OldRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Takes a database to a cluster, once: all assets with their labels, then all leases, so that every
 * lease finds its asset.
 */
final class ImportRun implements OldRows {
  private final OldDatabase database;
  private final ImportBatches batches;
  private final ImportReport report;
  private final String oldRoot;

  /**
   * @param oldStoragePath what locations of files are below in the old daemon
   */
  ImportRun(OldDatabase database, ImportBatches batches, ImportReport report, Path oldStoragePath) {
    this.database = database;
    this.batches = batches;
    this.report = report;
    this.oldRoot = oldStoragePath.normalize() + "/";
  }

  /**
   * @param nowSeconds wall time, Unix seconds
   */
  void run(long nowSeconds) throws OldDatabaseException, IOException {
    database.readAssets(nowSeconds, this);
    batches.flush();
    database.readLeases(this);
    batches.flush();
    database.checkUnchanged();
  }

  @Override
  public void asset(OldAsset old, long liveLeases) throws OldDatabaseException {
    Asset asset = old.getAsset();
    report.labels(asset.getLabelsCount());
    if (asset.getReferenceCount() != liveLeases) {
      report.differs(
          "asset",
          asset.getId(),
          "reference_count",
          "was "
              + asset.getReferenceCount()
              + "; it has "
              + liveLeases
              + " leases that have not expired");
    }
    batches.add(
        old.toBuilder()
            .setAsset(asset.toBuilder().setLocation(location(asset)).clearReferenceCount())
            .build());
  }

  /** Relative to the root of the store, which is another directory in the cluster. */
  private String location(Asset asset) {
    boolean file =
        asset.getBackend() != StorageBackend.STORAGE_BACKEND_S3
            && asset.getBackend() != StorageBackend.STORAGE_BACKEND_HTTP;
    String location = asset.getLocation();
    return file && location.startsWith(oldRoot) ? location.substring(oldRoot.length()) : location;
  }

  @Override
  public void lease(OldLease lease) throws OldDatabaseException {
    batches.add(lease);
  }

  @Override
  public void broken(Kind kind, String id, Reason reason, String message) {
    report.add(
        kind.name().toLowerCase(Locale.ROOT),
        id,
        ImportResult.newBuilder()
            .setVerdict(Verdict.VERDICT_SKIPPED)
            .setReason(reason)
            .setMessage(message)
            .build());
  }
}
