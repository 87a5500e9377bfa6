package dev.assetmanagerd.asset;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import org.bouncycastle.crypto.digests.SHA256Digest;

/**
 * A SHA-256 whose state can be written down and gone on with by another process: so the digest of
 * everything that an upload has so far is known on any node, without reading it again. The JDK's
 * own cannot do that. For one thread at a time.
 */
final class RunningDigest {
  private final SHA256Digest digest;

  private RunningDigest(SHA256Digest digest) {
    this.digest = digest;
  }

  /** Of no bytes yet. */
  static RunningDigest begin() {
    return new RunningDigest(new SHA256Digest());
  }

  /** Goes on where {@link #state} was taken. */
  static RunningDigest goOn(ByteString state) {
    return new RunningDigest(new SHA256Digest(state.toByteArray()));
  }

  void update(ByteString bytes) {
    bytes
        .asReadOnlyByteBufferList()
        .forEach(
            buffer -> {
              byte[] copy = new byte[buffer.remaining()];
              buffer.get(copy);
              digest.update(copy, 0, copy.length);
            });
  }

  /** At most 117 bytes. */
  ByteString state() {
    return ByteString.copyFrom(digest.getEncodedState());
  }

  /** Lower-case hexadecimal digest of the bytes so far; more may follow. */
  String hex() {
    SHA256Digest end = new SHA256Digest(digest);
    byte[] bytes = new byte[end.getDigestSize()];
    end.doFinal(bytes, 0);
    return HexFormat.of().formatHex(bytes);
  }
}
