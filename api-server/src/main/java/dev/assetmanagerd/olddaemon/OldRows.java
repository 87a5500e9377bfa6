package dev.assetmanagerd.olddaemon;

import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.importer.v1.OldAsset;
import dev.assetmanagerd.importer.v1.OldLease;

/** Takes what is read, row by row. */
public interface OldRows {
  /** The rows' kinds, as they are reported. */
  enum Kind {
    ASSET,
    LEASE,
    LABEL
  }

  /**
   * An asset with its labels, in the order of ids.
   *
   * @param liveLeases leases on it that have not expired
   */
  void asset(OldAsset asset, long liveLeases) throws OldDatabaseException;

  /** A lease, in the order of ids. */
  void lease(OldLease lease) throws OldDatabaseException;

  /**
   * A row that is none of these.
   *
   * @param id of the asset or lease, of the asset for a label; as far as it can be read
   * @param message for a person
   */
  void broken(Kind kind, String id, Reason reason, String message) throws OldDatabaseException;
}
