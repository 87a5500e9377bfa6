package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Between rows of {@code assets} and {@code asset_labels} and the message of the API. */
final class AssetRows {
  /** For {@code FROM assets AS a}; in the order that {@link #fromRow} reads. */
  static final String COLUMNS =
      "a.id, a.name, a.type, a.status, a.backend, a.location, a.size_bytes, a.checksum,"
          + " a.created_by, a.created_at, a.last_accessed_at, a.lease_count, a.build_id,"
          + " a.source_image";

  private static final String BY_ID = "SELECT " + COLUMNS + " FROM assets AS a WHERE a.id = ?";
  private static final String LABELS_BY_ID =
      "SELECT key, value FROM asset_labels WHERE asset_id = ? ORDER BY key";

  /** Ids in one IN list. */
  private static final int CHUNK = 1024;

  private AssetRows() {}

  /** An asset with its labels, whatever its status. */
  static Optional<Asset.Builder> find(Sql sql, String id) {
    Optional<Asset.Builder> found = sql.first(BY_ID, AssetRows::fromRow, id);
    found.ifPresent(
        asset ->
            sql.each(
                LABELS_BY_ID, row -> asset.putLabels(row.text(1), row.text(2)), asset.getId()));
    return found;
  }

  /** The assets of these ids that exist, with their labels. */
  static List<Asset> findAll(Sql sql, Collection<String> ids) {
    List<String> distinct = ids.stream().distinct().toList();
    List<Asset.Builder> found = new ArrayList<>(distinct.size());
    for (int from = 0; from < distinct.size(); from += CHUNK) {
      List<String> chunk = distinct.subList(from, Math.min(from + CHUNK, distinct.size()));
      Object[] arguments = padded(chunk);
      String query =
          "SELECT " + COLUMNS + " FROM assets AS a WHERE a.id IN " + marks(arguments.length);
      found.addAll(sql.list(query, AssetRows::fromRow, arguments));
    }
    return withLabels(sql, found);
  }

  /** Adds the labels of all of them, in one query for each thousand. */
  static List<Asset> withLabels(Sql sql, List<Asset.Builder> assets) {
    Map<String, Asset.Builder> byId = new HashMap<>();
    assets.forEach(asset -> byId.put(asset.getId(), asset));
    List<String> ids = List.copyOf(byId.keySet());
    for (int from = 0; from < ids.size(); from += CHUNK) {
      Object[] arguments = padded(ids.subList(from, Math.min(from + CHUNK, ids.size())));
      String query =
          "SELECT asset_id, key, value FROM asset_labels WHERE asset_id IN "
              + marks(arguments.length)
              + " ORDER BY asset_id, key";
      sql.each(query, row -> putLabel(byId, row), arguments);
    }
    return assets.stream().map(Asset.Builder::build).toList();
  }

  private static void putLabel(Map<String, Asset.Builder> byId, Row row) {
    Asset.Builder asset = byId.get(row.text(1));
    if (asset == null) {
      throw new RegistryException("a label of an asset that was not asked for");
    }
    asset.putLabels(row.text(2), row.text(3));
  }

  /** All columns, without labels. */
  static Asset.Builder fromRow(Row row) {
    return Asset.newBuilder()
        .setId(row.text(1))
        .setName(row.text(2))
        .setTypeValue(row.small(3))
        .setStatusValue(row.small(4))
        .setBackendValue(row.small(5))
        .setLocation(row.text(6))
        .setSizeBytes(row.integer(7))
        .setChecksum(row.text(8))
        .setCreatedBy(row.text(9))
        .setCreatedAt(row.integer(10))
        .setLastAccessedAt(row.integer(11))
        .setReferenceCount(row.small(12))
        .setBuildId(row.text(13))
        .setSourceImage(row.text(14));
  }

  /**
   * Filled up with the last id to the next power of two, so that lists of any length share a dozen
   * prepared statements.
   */
  private static Object[] padded(List<String> ids) {
    int length = Integer.highestOneBit(Math.max(1, ids.size() * 2 - 1));
    Object[] arguments = new Object[length];
    for (int i = 0; i < length; i++) {
      arguments[i] = ids.get(Math.min(i, ids.size() - 1));
    }
    return arguments;
  }

  private static String marks(int count) {
    String[] marks = new String[count];
    Arrays.fill(marks, "?");
    return "(" + String.join(",", marks) + ")";
  }
}
