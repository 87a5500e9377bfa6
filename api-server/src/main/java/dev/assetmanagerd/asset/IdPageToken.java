package dev.assetmanagerd.asset;

import com.google.common.hash.Hashing;
import com.google.protobuf.Message;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

/**
 * Page tokens of lists that go by id; see {@link PageToken} for what they guard against.
 *
 * <p>URL-safe Base64 of: version (1 byte), digest over list, filters and id (12 bytes), id (UTF-8).
 */
final class IdPageToken {
  private static final byte VERSION = 2;
  private static final int DIGEST_BYTES = 12;
  private static final int HEADER_BYTES = 1 + DIGEST_BYTES;
  private static final int MAX_BYTES = HEADER_BYTES + Fields.MAX_ID_CHARS;

  private IdPageToken() {}

  /**
   * @param filters the request for the list without what differs from page to page
   */
  static String encode(String id, Message filters) {
    byte[] idBytes = id.getBytes(StandardCharsets.UTF_8);
    byte[] token = new byte[HEADER_BYTES + idBytes.length];
    token[0] = VERSION;
    System.arraycopy(digest(id, filters), 0, token, 1, DIGEST_BYTES);
    System.arraycopy(idBytes, 0, token, HEADER_BYTES, idBytes.length);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
  }

  /** The id behind which the list goes on, of a token made for the same list and filters. */
  static String decode(String field, String token, Message filters) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(token);
    } catch (IllegalArgumentException e) {
      throw PageToken.refused(field, token);
    }
    if (bytes.length <= HEADER_BYTES || bytes.length > MAX_BYTES || bytes[0] != VERSION) {
      throw PageToken.refused(field, token);
    }
    String id =
        new String(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES, StandardCharsets.UTF_8);
    if (!Arrays.equals(bytes, 1, HEADER_BYTES, digest(id, filters), 0, DIGEST_BYTES)) {
      throw PageToken.refused(field, token);
    }
    return id;
  }

  private static byte[] digest(String id, Message filters) {
    String list = filters.getDescriptorForType().getFullName();
    byte[] hash =
        Hashing.sha256()
            .newHasher()
            .putInt(list.length())
            .putUnencodedChars(list)
            .putInt(id.length())
            .putUnencodedChars(id)
            .putBytes(Canonical.bytes(filters))
            .hash()
            .asBytes();
    return Arrays.copyOf(hash, DIGEST_BYTES);
  }
}
