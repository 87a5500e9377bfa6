package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What readers ask of blobs and builds. */
final class BlobQueries {
  static final String CONDEMNED =
      "SELECT backend, location FROM blob_tombstones WHERE state = 1"
          + " ORDER BY backend, location LIMIT ?";
  static final String STORED =
      "SELECT "
          + AssetRows.COLUMNS
          + " FROM assets AS a WHERE a.id > ? AND a.backend = ? AND a.status IN (2, 4)"
          + " ORDER BY a.id LIMIT ?";
  private static final String STORED_LOCATIONS =
      "SELECT location FROM assets INDEXED BY assets_by_location"
          + " WHERE location > ? AND backend = ? AND status IN (2, 4)"
          + " GROUP BY location ORDER BY location LIMIT ?";
  private static final String STORED_AT =
      "SELECT "
          + AssetRows.COLUMNS
          + " FROM assets AS a INDEXED BY assets_by_location"
          + " WHERE a.location = ? AND a.backend = ? AND a.status IN (2, 4) LIMIT ?";
  private static final String ALL_STORED =
      "SELECT DISTINCT backend, location, checksum, size_bytes FROM assets"
          + " WHERE status IN (2, 4) ORDER BY location, backend, checksum, size_bytes";
  private static final String RESERVED =
      "SELECT 1 FROM blob_reservations WHERE expires_at > ? LIMIT 1";
  private static final String UNFINISHED =
      "SELECT 1 FROM builds INDEXED BY builds_unfinished WHERE state < 4 LIMIT 1";
  private static final String KEPT_FAILURE =
      "SELECT 1 FROM builds WHERE state = 5 AND not_before_millis > ? LIMIT 1";

  private final Sql sql;
  private final BlobRows blobs;
  private final KeptBlobs kept;

  BlobQueries(Sql sql) {
    this.sql = sql;
    this.blobs = new BlobRows(sql);
    this.kept = new KeptBlobs(sql);
  }

  List<BlobRef> condemned(int limit) {
    return sql.list(CONDEMNED, row -> new BlobRef(backend(row), row.text(2)), limit);
  }

  boolean isCondemned(StorageBackend backend, String location) {
    return blobs.condemned(backend.getNumber(), location);
  }

  boolean isReserved(StorageBackend backend, String location, long clockMillis) {
    return blobs.reserved(backend.getNumber(), location, clockMillis);
  }

  List<String> unreferenced(
      StorageBackend backend, Collection<String> locations, long clockMillis, int formatLevel) {
    int number = backend.getNumber();
    return locations.stream()
        .filter(location -> !blobs.claimed(number, location))
        .filter(location -> !blobs.reserved(number, location, clockMillis))
        .filter(location -> !blobs.condemned(number, location))
        .filter(location -> !kept.isKept(number, location, formatLevel))
        .toList();
  }

  List<Asset> stored(StorageBackend backend, @Nullable String afterId, int limit) {
    String after = afterId == null ? "" : afterId;
    return AssetRows.withLabels(
        sql, sql.list(STORED, AssetRows::fromRow, after, backend.getNumber(), limit));
  }

  List<String> storedLocations(StorageBackend backend, String after, int limit) {
    return sql.list(STORED_LOCATIONS, row -> row.text(1), after, backend.getNumber(), limit);
  }

  List<Asset> storedAt(StorageBackend backend, String location, int limit) {
    return AssetRows.withLabels(
        sql, sql.list(STORED_AT, AssetRows::fromRow, location, backend.getNumber(), limit));
  }

  void eachStored(Consumer<StoredBlob> consumer) {
    sql.each(
        ALL_STORED,
        row ->
            consumer.accept(
                new StoredBlob(
                    new BlobRef(backend(row), row.text(2)), row.text(3), row.integer(4))));
  }

  /**
   * Whether something here waits for the cluster clock: a reservation, an unfinished build, or a
   * failure that is still the answer.
   */
  boolean hasDeadlines(long clockMillis) {
    return sql.first(RESERVED, row -> true, clockMillis).isPresent()
        || sql.first(UNFINISHED, row -> true).isPresent()
        || sql.first(KEPT_FAILURE, row -> true, clockMillis).isPresent();
  }

  private static StorageBackend backend(Row row) {
    StorageBackend backend = StorageBackend.forNumber(row.small(1));
    return backend == null ? StorageBackend.UNRECOGNIZED : backend;
  }
}
