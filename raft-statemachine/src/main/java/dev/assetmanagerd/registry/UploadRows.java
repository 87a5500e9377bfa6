package dev.assetmanagerd.registry;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.log.v1.UploadPart;
import dev.assetmanagerd.log.v1.UploadState;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Reads uploads. Those that have expired on the cluster clock are not there. */
final class UploadRows {
  private static final String FIND =
      "SELECT id, metadata, checksum, direct, max_bytes, ttl_millis, offset_bytes, digest_state,"
          + " expires_at, asset_id, parts FROM uploads WHERE id = ? AND expires_at > ?";
  private static final String PARTS =
      "SELECT offset_bytes, size_bytes, part_id FROM upload_parts WHERE upload_id = ?"
          + " ORDER BY offset_bytes";
  private static final String OPEN =
      "SELECT 1 FROM uploads WHERE id = ? AND expires_at > ? AND asset_id = ''";
  private static final String ANY = "SELECT 1 FROM uploads WHERE expires_at > 0 LIMIT 1";

  private final Sql sql;

  UploadRows(Sql sql) {
    this.sql = sql;
  }

  /**
   * A row.
   *
   * @param parts how many it has
   */
  record Found(UploadState state, int parts) {
    boolean isOpen() {
      return state.getAssetId().isEmpty();
    }
  }

  /** Open, or an asset by now. */
  Optional<Found> find(String id, long clockMillis) {
    return sql.first(FIND, UploadRows::fromRow, id, clockMillis);
  }

  /** In order, without a gap; as many as an upload may have at most. */
  List<UploadPart> parts(String uploadId) {
    return sql.list(
        PARTS,
        row ->
            UploadPart.newBuilder()
                .setOffset(row.integer(1))
                .setSizeBytes(row.integer(2))
                .setPartId(row.text(3))
                .build(),
        uploadId);
  }

  /** Those of some ids that are no open upload, in the order given. */
  List<String> notOpen(Collection<String> ids, long clockMillis) {
    return ids.stream()
        .filter(id -> sql.first(OPEN, row -> true, id, clockMillis).isEmpty())
        .toList();
  }

  /** Whether there is one that ends some time. */
  boolean any() {
    return sql.first(ANY, row -> true).isPresent();
  }

  private static Found fromRow(Row row) {
    return new Found(
        UploadState.newBuilder()
            .setId(row.text(1))
            .setMetadata(ByteString.copyFrom(row.bytes(2)))
            .setChecksum(row.text(3))
            .setDirect(row.small(4) == 1)
            .setMaxBytes(row.integer(5))
            .setTtlMillis(row.integer(6))
            .setOffset(row.integer(7))
            .setDigestState(ByteString.copyFrom(row.bytes(8)))
            .setExpiresAtMillis(row.integer(9))
            .setAssetId(row.text(10))
            .build(),
        row.small(11));
  }
}
