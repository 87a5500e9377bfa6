package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import java.util.Optional;

/**
 * Which blobs are needed, promised, on their way out, and out.
 *
 * <p>A blob that is condemned has no AVAILABLE or ERROR record and no live reservation, and gets
 * none: that is what makes it safe to delete. {@link DeletionCommands} and {@link BlobCommands}
 * condemn after having looked; {@link AssetCommands} and {@link BlobCommands} give out nothing that
 * is condemned.
 */
final class BlobRows {
  /** How long the name of a blob that was deleted is not used again. */
  static final long GONE_MILLIS = 30L * 24 * 3600 * 1000;

  private static final String CONDEMNED =
      "SELECT 1 FROM blob_tombstones WHERE location = ? AND backend = ? AND state = 1";
  private static final String TOMBSTONE =
      "SELECT 1 FROM blob_tombstones WHERE location = ? AND backend = ?"
          + " AND (state = 1 OR forget_at > ?)";
  private static final String NEEDED =
      "SELECT 1 FROM assets WHERE location = ? AND backend IN (?, ?) AND status IN (2, 4) LIMIT 1";
  private static final String CLAIMED =
      "SELECT 1 FROM assets WHERE location = ? AND backend IN (?, ?) LIMIT 1";
  private static final String RECORDED =
      "SELECT 1 FROM assets WHERE location = ? AND backend = ? LIMIT 1";
  private static final String RESERVED =
      "SELECT 1 FROM blob_reservations WHERE location = ? AND backend = ? AND expires_at > ?"
          + " LIMIT 1";
  private static final String CONDEMN =
      """
      INSERT INTO blob_tombstones (location, backend, state, content, number, forget_at)
        VALUES (?, ?, 1, ?, ?, NULL)
        ON CONFLICT (location, backend) DO UPDATE SET state = 1, forget_at = NULL
      """;
  private static final String GONE =
      "UPDATE blob_tombstones SET state = 2, forget_at = ?"
          + " WHERE location = ? AND backend = ? AND state = 1";
  private static final String FORGET =
      """
      DELETE FROM blob_tombstones WHERE (location, backend) IN (
        SELECT location, backend FROM blob_tombstones
          WHERE forget_at IS NOT NULL AND forget_at <= ?
          ORDER BY forget_at, location, backend LIMIT ?)
      """;
  private static final String RESERVATION =
      "SELECT backend, location, checksum, size_bytes, expires_at FROM blob_reservations"
          + " WHERE id = ?";
  private static final String UNRESERVE = "DELETE FROM blob_reservations WHERE id = ?";

  private final Sql sql;

  BlobRows(Sql sql) {
    this.sql = sql;
  }

  /** A promise that bytes are about to be stored and registered. */
  record Reservation(
      int backend, String location, String checksum, long sizeBytes, long expiresAt) {
    boolean live(long clockMillis) {
      return expiresAt > clockMillis;
    }

    /** Whether the bytes of this asset are the ones that were to be stored. */
    boolean isFor(Asset asset) {
      return backend == asset.getBackendValue()
          && location.equals(asset.getLocation())
          && checksum.equals(asset.getChecksum())
          && sizeBytes == asset.getSizeBytes();
    }
  }

  Optional<Reservation> reservation(String id) {
    return sql.first(
        RESERVATION,
        row ->
            new Reservation(row.small(1), row.text(2), row.text(3), row.integer(4), row.integer(5)),
        id);
  }

  /** Ends a reservation, if there is one of this id. */
  void unreserve(String id) {
    sql.update(UNRESERVE, id);
  }

  /** Whether the name of a blob that is or was to be deleted must not be given out again yet. */
  boolean tombstone(int backend, String location, long clockMillis) {
    return sql.first(TOMBSTONE, row -> true, location, backend, clockMillis).isPresent();
  }

  boolean condemned(int backend, String location) {
    return sql.first(CONDEMNED, row -> true, location, backend).isPresent();
  }

  /** Whether a live reservation holds it. */
  boolean reserved(int backend, String location, long clockMillis) {
    return sql.first(RESERVED, row -> true, location, backend, clockMillis).isPresent();
  }

  /** Whether any record refers to it, DELETING ones included. */
  boolean recorded(int backend, String location) {
    return sql.first(RECORDED, row -> true, location, backend).isPresent();
  }

  /**
   * Whether any record refers to it, DELETING ones included, or to what may be the same file under
   * another name of its backend.
   */
  boolean claimed(int backend, String location) {
    return sql.first(CLAIMED, row -> true, location, backend, sibling(backend)).isPresent();
  }

  /**
   * Whether an asset that is not DELETING, or a live reservation, refers to it. One in a backend
   * that may be the same directory counts too.
   */
  boolean needed(int backend, String location, long clockMillis) {
    return used(backend, location) || reserved(backend, location, clockMillis);
  }

  /** Whether an asset that is not DELETING refers to it, counted in the same way. */
  boolean used(int backend, String location) {
    return sql.first(NEEDED, row -> true, location, backend, sibling(backend)).isPresent();
  }

  /**
   * A cluster that was configured for a local directory and then for the same one as a network file
   * system has records of both kinds for it, and each keeps the other's files.
   */
  static int sibling(int backend) {
    return switch (backend) {
      case StorageBackend.STORAGE_BACKEND_LOCAL_VALUE -> StorageBackend.STORAGE_BACKEND_NFS_VALUE;
      case StorageBackend.STORAGE_BACKEND_NFS_VALUE -> StorageBackend.STORAGE_BACKEND_LOCAL_VALUE;
      default -> backend;
    };
  }

  /** The caller has made sure that it is not needed. */
  void condemn(int backend, String location) {
    Optional<BlobName> name = BlobName.parse(location);
    sql.updateOne(
        CONDEMN,
        location,
        backend,
        name.map(BlobName::checksum).orElse(""),
        name.map(BlobName::number).orElse(0L));
  }

  /**
   * A condemned blob that no record refers to any more has been deleted. False, and nothing
   * changes, for any other.
   */
  boolean gone(int backend, String location, long clockMillis) {
    if (!condemned(backend, location) || recorded(backend, location)) {
      return false;
    }
    sql.updateOne(GONE, ClusterTime.after(clockMillis, GONE_MILLIS), location, backend);
    // Two for each that comes, so that they do not pile up, and no command has many to do.
    sql.update(FORGET, clockMillis, 2);
    return true;
  }
}
