package dev.assetmanagerd.asset;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.assetmanagerd.log.v1.IdempotencyKey;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A client's idempotency key together with a fingerprint of what it was sent with.
 *
 * @param key as the client chose it
 * @param fingerprint SHA-256 over the method, the headers that change what it does, and the request
 */
record OnceKey(String key, ByteString fingerprint) {
  static OnceKey of(String key, String method, CallHeaders headers, Message... request) {
    Hasher hasher = Hashing.sha256().newHasher();
    put(hasher, method.getBytes(StandardCharsets.UTF_8));
    put(hasher, headers.sessionId().orElse("").getBytes(StandardCharsets.UTF_8));
    hasher.putLong(headers.leaseTtl().map(Duration::toSeconds).orElse(-1L));
    String prepare = headers.prepare().fingerprint();
    if (!prepare.isEmpty()) { // keys of calls without these headers stay what they were
      put(hasher, prepare.getBytes(StandardCharsets.UTF_8));
    }
    for (Message message : request) {
      put(hasher, Canonical.bytes(message));
    }
    return new OnceKey(key, ByteString.copyFrom(hasher.hash().asBytes()));
  }

  private static void put(Hasher hasher, byte[] bytes) {
    hasher.putInt(bytes.length).putBytes(bytes);
  }

  IdempotencyKey withSuffix(String suffix) {
    return IdempotencyKey.newBuilder().setKey(key + suffix).setFingerprint(fingerprint).build();
  }
}
