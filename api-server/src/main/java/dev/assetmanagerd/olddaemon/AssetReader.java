package dev.assetmanagerd.olddaemon;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.importer.v1.OldAsset;
import dev.assetmanagerd.olddaemon.OldRows.Kind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads assets with their labels and the number of their leases: three cursors, all in the order of
 * asset ids, go side by side, so that memory does not depend on how many rows there are. Where no
 * index gives the order, SQLite sorts in temporary files.
 */
final class AssetReader {
  /** More than any asset may have; the rest are only counted. */
  private static final int MAX_LABELS = 1000;

  private static final int MAX_LABEL_BYTES = 256 << 10;

  private static final String ASSETS =
      "SELECT "
          + String.join(
              ", ",
              Columns.text("id"),
              Columns.text("name"),
              Columns.integer("type"),
              Columns.integer("status"),
              Columns.integer("backend"),
              Columns.text("location"),
              Columns.integer("size_bytes"),
              Columns.text("checksum"),
              Columns.text("created_by"),
              Columns.integer("created_at"),
              Columns.integer("last_accessed_at"),
              Columns.integer("reference_count"),
              Columns.text("build_id"),
              Columns.text("source_image"))
          + " FROM main.assets WHERE typeof(id) = 'text' ORDER BY id COLLATE BINARY";
  private static final String LABELS =
      "SELECT "
          + String.join(", ", Columns.text("asset_id"), Columns.text("key"), Columns.text("value"))
          + " FROM main.asset_labels WHERE typeof(asset_id) = 'text'"
          + " ORDER BY asset_id COLLATE BINARY, key COLLATE BINARY";
  private static final String LEASES =
      "SELECT "
          + Columns.text("asset_id")
          + ", count(*) FROM main.asset_leases WHERE typeof(asset_id) = 'text'"
          + " AND (expires_at IS NULL OR expires_at > ?)"
          + " GROUP BY asset_id COLLATE BINARY ORDER BY asset_id COLLATE BINARY";

  private final Connection connection;
  private final long nowSeconds;
  private final OldRows rows;

  /**
   * @param nowSeconds wall time, Unix seconds
   */
  AssetReader(Connection connection, long nowSeconds, OldRows rows) {
    this.connection = connection;
    this.nowSeconds = nowSeconds;
    this.rows = rows;
  }

  void read() throws SQLException, OldDatabaseException {
    try (PreparedStatement assetQuery = connection.prepareStatement(ASSETS);
        PreparedStatement labelQuery = connection.prepareStatement(LABELS);
        PreparedStatement leaseQuery = connection.prepareStatement(LEASES)) {
      leaseQuery.setLong(1, nowSeconds);
      try (ResultSet assets = assetQuery.executeQuery();
          ResultSet labelRows = labelQuery.executeQuery();
          ResultSet leaseRows = leaseQuery.executeQuery()) {
        Cursor labels = new Cursor(labelRows);
        Cursor leases = new Cursor(leaseRows);
        byte[] before = null;
        while (assets.next()) {
          byte[] id = Columns.key(assets, 1);
          dangling(labels, id);
          if (before != null && Arrays.equals(before, id)) {
            rows.broken(
                Kind.ASSET, Columns.shown(id), Reason.REASON_DUPLICATE, "id: is there twice");
          } else {
            one(assets, id, labels, leaseCount(leases, id));
          }
          before = id;
        }
        dangling(labels, null);
      }
    }
  }

  /** A row set that is sorted by its first column. */
  private static final class Cursor {
    private final ResultSet row;
    private byte @Nullable [] key;

    Cursor(ResultSet row) throws SQLException {
      this.row = row;
      next();
    }

    void next() throws SQLException {
      key = row.next() ? Columns.key(row, 1) : null;
    }

    /** Whether it stands before an id; null: before the end. */
    boolean isBefore(byte @Nullable [] id) {
      return key != null && (id == null || Arrays.compareUnsigned(key, id) < 0);
    }

    boolean isAt(byte[] id) {
      return key != null && Arrays.equals(key, id);
    }
  }

  private void dangling(Cursor labels, byte @Nullable [] id)
      throws SQLException, OldDatabaseException {
    while (labels.isBefore(id)) {
      rows.broken(
          Kind.LABEL,
          Columns.shown(Columns.key(labels.row, 1)),
          Reason.REASON_ASSET_NOT_FOUND,
          "asset_id: no asset has it");
      labels.next();
    }
  }

  private static long leaseCount(Cursor leases, byte[] id) throws SQLException {
    while (leases.isBefore(id)) {
      leases.next();
    }
    return leases.isAt(id) ? leases.row.getLong(2) : 0;
  }

  private void one(ResultSet row, byte[] id, Cursor labels, long liveLeases)
      throws SQLException, OldDatabaseException {
    OldAsset.Builder old = OldAsset.newBuilder().setInUse(liveLeases > 0);
    String broken = "";
    try {
      old.setAsset(asset(row));
    } catch (BrokenRowException e) {
      broken = String.valueOf(e.getMessage());
    }
    // Read in any case: the cursor has to get past them.
    String brokenLabels = labels(labels, id, old.getAssetBuilder());
    if (broken.isEmpty()) {
      broken = brokenLabels;
    }
    if (broken.isEmpty()) {
      rows.asset(old.build(), liveLeases);
    } else {
      rows.broken(Kind.ASSET, Columns.shown(id), Reason.REASON_MALFORMED, broken);
    }
  }

  private static Asset.Builder asset(ResultSet row) throws SQLException, BrokenRowException {
    return Asset.newBuilder()
        .setId(Columns.text(row, 1, "id"))
        .setName(Columns.text(row, 2, "name"))
        .setTypeValue(Columns.number(row, 3, "type"))
        .setStatusValue(Columns.number(row, 4, "status"))
        .setBackendValue(Columns.number(row, 5, "backend"))
        .setLocation(Columns.text(row, 6, "location"))
        .setSizeBytes(Columns.integer(row, 7, "size_bytes"))
        .setChecksum(Columns.text(row, 8, "checksum"))
        .setCreatedBy(Columns.text(row, 9, "created_by"))
        .setCreatedAt(Columns.integer(row, 10, "created_at"))
        .setLastAccessedAt(Columns.integer(row, 11, "last_accessed_at"))
        .setReferenceCount(Columns.number(row, 12, "reference_count"))
        .setBuildId(Columns.text(row, 13, "build_id"))
        .setSourceImage(Columns.text(row, 14, "source_image"));
  }

  /** Adds the labels of an asset; returns what is wrong with them, empty where nothing is. */
  private static String labels(Cursor labels, byte[] id, Asset.Builder asset) throws SQLException {
    String broken = "";
    int count = 0;
    int bytes = 0;
    while (labels.isAt(id)) {
      count++;
      if (broken.isEmpty() && count <= MAX_LABELS && bytes <= MAX_LABEL_BYTES) {
        try {
          String key = Columns.text(labels.row, 2, "labels (key)");
          String value = Columns.text(labels.row, 3, "labels[\"" + key + "\"]");
          bytes += key.length() + value.length();
          if (asset.containsLabels(key)) {
            broken = "labels[\"" + key + "\"]: is there twice";
          }
          asset.putLabels(key, value);
        } catch (BrokenRowException e) {
          broken = String.valueOf(e.getMessage());
        }
      }
      labels.next();
    }
    return broken.isEmpty() && (count > MAX_LABELS || bytes > MAX_LABEL_BYTES)
        ? "labels: has " + count + " of them, which is more than any asset may have"
        : broken;
  }
}
