package dev.assetmanagerd.asset;

import com.google.common.hash.Hashing;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.registry.AssetCursor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;

/**
 * Page tokens: where a listing goes on, opaque to clients.
 *
 * <p>URL-safe Base64 of: version (1 byte), digest (12 bytes), created_at (8 bytes), id (UTF-8). The
 * digest covers the cursor and the query's filters, so a token that was made up, damaged, or
 * belongs to another query is refused instead of listing something unexpected. The page size is
 * free to change between pages. It guards against mistakes, not against an attacker: a token gives
 * no right that the caller does not have without it.
 */
final class PageToken {
  private static final byte VERSION = 1;
  private static final int DIGEST_BYTES = 12;
  private static final int HEADER_BYTES = 1 + DIGEST_BYTES + Long.BYTES;
  private static final int MAX_BYTES = HEADER_BYTES + Fields.MAX_ID_CHARS;

  private PageToken() {}

  static String encode(
      AssetCursor cursor, AssetType type, AssetStatus status, Map<String, String> labels) {
    byte[] id = cursor.id().getBytes(StandardCharsets.UTF_8);
    ByteBuffer token =
        ByteBuffer.allocate(HEADER_BYTES + id.length)
            .put(VERSION)
            .put(digest(cursor, type, status, labels))
            .putLong(cursor.createdAt())
            .put(id);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token.array());
  }

  /** The cursor of a token that {@link #encode} made for the same filters. */
  static AssetCursor decode(
      String field, String token, AssetType type, AssetStatus status, Map<String, String> labels) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(token);
    } catch (IllegalArgumentException e) {
      throw refused(field, token);
    }
    if (bytes.length <= HEADER_BYTES || bytes.length > MAX_BYTES || bytes[0] != VERSION) {
      throw refused(field, token);
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 1, bytes.length - 1);
    byte[] digest = new byte[DIGEST_BYTES];
    buffer.get(digest);
    long createdAt = buffer.getLong();
    AssetCursor cursor =
        new AssetCursor(createdAt, StandardCharsets.UTF_8.decode(buffer).toString());
    if (!Arrays.equals(digest, digest(cursor, type, status, labels))) {
      throw refused(field, token);
    }
    return cursor;
  }

  static RuntimeException refused(String field, String token) {
    return ApiErrors.invalid(
        field, token, "is not a token that a previous page of this same query returned");
  }

  private static byte[] digest(
      AssetCursor cursor, AssetType type, AssetStatus status, Map<String, String> labels) {
    var hasher = Hashing.sha256().newHasher();
    hasher.putByte(VERSION).putInt(type.getNumber()).putInt(status.getNumber());
    hasher.putInt(labels.size());
    new TreeMap<>(labels)
        .forEach(
            (key, value) -> {
              hasher.putInt(key.length()).putUnencodedChars(key);
              hasher.putInt(value.length()).putUnencodedChars(value);
            });
    hasher.putLong(cursor.createdAt()).putUnencodedChars(cursor.id());
    return Arrays.copyOf(hasher.hash().asBytes(), DIGEST_BYTES);
  }
}
