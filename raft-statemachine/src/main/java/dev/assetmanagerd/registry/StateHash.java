package dev.assetmanagerd.registry;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256 over what replicas must agree on.
 *
 * <p>Rows are read in key order and hashed as they come: {@code R} before each row, then its
 * columns, each {@code I} and eight bytes, {@code T}, four bytes of length and UTF-8, {@code B},
 * four bytes of length and as many bytes, or {@code N} for null; {@code E} after each table. Left
 * out is what may differ or is derived: the applied position, physical layout, row ids, copies of
 * columns, counts of labels.
 *
 * <p>What is hashed is what the registry's format level has: the same registry gives the same hash
 * in every program that knows its level. Tables and columns of a higher level are added behind.
 */
final class StateHash {
  private static final int ROWS_BETWEEN_PAUSES = 1024;

  private final MessageDigest digest = sha256();
  private final ByteBuffer buffer = ByteBuffer.allocate(64 << 10);

  private final Runnable pause;
  private long rows;

  private StateHash(Runnable pause) {
    this.pause = pause;
  }

  /** Reads everything; memory use does not depend on how much that is. */
  static String of(Sql sql) {
    return of(sql, () -> {});
  }

  /**
   * The same.
   *
   * @param pause run every {@link #ROWS_BETWEEN_PAUSES} rows; what it throws comes through
   */
  static String of(Sql sql, Runnable pause) {
    StateHash hash = new StateHash(pause);
    hash.table(
        sql,
        "progress",
        "SELECT cluster_time_millis, clock_term, clock_reading FROM progress ORDER BY id",
        "III");
    hash.table(
        sql,
        "assets",
        "SELECT " + AssetRows.COLUMNS + " FROM assets AS a ORDER BY a.id",
        "TTIIITITTIIITT");
    hash.table(
        sql,
        "asset_labels",
        "SELECT asset_id, key, value FROM asset_labels ORDER BY asset_id, key",
        "TTT");
    hash.table(
        sql,
        "leases",
        "SELECT id, asset_id, acquired_by, acquired_at, expires_at, ttl_millis, session_id"
            + " FROM leases ORDER BY id",
        "TTTIiIt");
    hash.table(
        sql,
        "sessions",
        "SELECT id, host, opened_at, ttl_millis, grace_millis, expires_at FROM sessions"
            + " ORDER BY id",
        "TTIIII");
    hash.table(
        sql,
        "released_leases",
        "SELECT lease_id, asset_id, released_at FROM released_leases ORDER BY lease_id",
        "TTI");
    hash.table(
        sql,
        "replies",
        "SELECT key, fingerprint, outcome, recorded_at FROM replies ORDER BY key",
        "TBBI");
    hash.blobsAndBuilds(sql);
    hash.uploads(sql);
    if (Migrations.level(sql) >= 3) {
      hash.levelThree(sql);
    }
    return hash.finish();
  }

  private void levelThree(Sql sql) {
    table(sql, "format_level", "SELECT user_version FROM pragma_user_version", "I");
    table(sql, "imported", "SELECT kind, id FROM imported ORDER BY kind, id", "IT");
    table(
        sql,
        "backups",
        "SELECT number, id, state, lineage, location, keep_millis, expires_at, begun_at,"
            + " completed_at, log_term, log_index, size_bytes, sha256, state_hash FROM backups"
            + " ORDER BY number",
        "ITITTIiIIIIITT");
    table(
        sql,
        "kept_blobs",
        "SELECT location, backend, last_backup FROM kept_blobs ORDER BY location, backend",
        "TII");
    table(sql, "noted_members", "SELECT id FROM noted_members ORDER BY id", "T");
  }

  private void blobsAndBuilds(Sql sql) {
    table(
        sql,
        "blob_reservations",
        "SELECT id, backend, location, checksum, size_bytes, expires_at FROM blob_reservations"
            + " ORDER BY id",
        "TITTII");
    table(
        sql,
        "blob_tombstones",
        "SELECT location, backend, state, content, number, forget_at FROM blob_tombstones"
            + " ORDER BY location, backend",
        "TIITIi");
    table(
        sql,
        "builds",
        "SELECT key, image, type, suggested_asset_id, state, attempt, build_id, asset_id, error,"
            + " percent, current_step, requested_at, changed_at, deadline_millis,"
            + " not_before_millis, since_millis, failures FROM builds ORDER BY key",
        "TTITIITTTITIIIIII");
    table(
        sql,
        "build_labels",
        "SELECT build_key, role, key, value FROM build_labels ORDER BY build_key, role, key",
        "TITT");
  }

  private void uploads(Sql sql) {
    table(
        sql,
        "uploads",
        "SELECT id, metadata, checksum, direct, max_bytes, ttl_millis, offset_bytes, parts,"
            + " digest_state, expires_at, asset_id FROM uploads ORDER BY id",
        "TBTIIIIIBIT");
    table(
        sql,
        "upload_parts",
        "SELECT upload_id, offset_bytes, size_bytes, part_id FROM upload_parts"
            + " ORDER BY upload_id, offset_bytes",
        "TIIT");
  }

  /**
   * @param columns one letter each: T text, t text or null, I integer, i integer or null, B bytes
   */
  private void table(Sql sql, String name, String query, String columns) {
    text(name);
    sql.each(
        query,
        row -> {
          tag('R');
          if (++rows % ROWS_BETWEEN_PAUSES == 0) {
            pause.run();
          }
          for (int i = 0; i < columns.length(); i++) {
            column(row, i + 1, columns.charAt(i));
          }
        });
    tag('E');
  }

  private void column(Row row, int column, char kind) {
    boolean mayBeNull = kind == 'i' || kind == 't';
    if (mayBeNull && row.isNull(column)) {
      tag('N');
    } else if (kind == 'T' || kind == 't') {
      bytes('T', row.text(column).getBytes(StandardCharsets.UTF_8));
    } else if (kind == 'B') {
      bytes('B', row.bytes(column));
    } else {
      reserve(9);
      buffer.put((byte) 'I').putLong(row.integer(column));
    }
  }

  private void text(String text) {
    bytes('T', text.getBytes(StandardCharsets.UTF_8));
  }

  private void bytes(char kind, byte[] bytes) {
    reserve(5);
    buffer.put((byte) kind).putInt(bytes.length);
    if (bytes.length > buffer.capacity()) {
      drain();
      digest.update(bytes);
    } else {
      reserve(bytes.length);
      buffer.put(bytes);
    }
  }

  private void tag(char tag) {
    reserve(1);
    buffer.put((byte) tag);
  }

  private void reserve(int bytes) {
    if (buffer.remaining() < bytes) {
      drain();
    }
  }

  private void drain() {
    digest.update(buffer.array(), 0, buffer.position());
    buffer.clear();
  }

  private String finish() {
    drain();
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
