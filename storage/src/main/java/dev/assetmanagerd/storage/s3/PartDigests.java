package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * Reads a file once, part by part, and digests each part as well as the whole, so that what the
 * store is told to expect of the parts is known to be parts of the right bytes.
 *
 * <p>For one thread.
 */
final class PartDigests {
  private static final int BUFFER_BYTES = 256 * 1024;

  private final FileChannel file;
  private final S3Checksums kind;
  private final MessageDigest whole = Hashing.newSha256();
  private final MessageDigest composite = Hashing.newSha256();
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
  private int parts;

  PartDigests(FileChannel file, S3Checksums kind) {
    this.file = file;
    this.kind = kind;
  }

  /** Reads the next so many bytes; their SHA-256 or MD5, in base64. */
  String next(long size) throws IOException {
    MessageDigest part = kind == S3Checksums.WHEN_SUPPORTED ? Hashing.newSha256() : newMd5();
    long left = size;
    while (left > 0) {
      buffer.clear().limit((int) Math.min(BUFFER_BYTES, left));
      int n = file.read(buffer);
      if (n < 0) {
        throw new EOFException("the staged file has become shorter by " + left + " bytes");
      }
      part.update(buffer.array(), 0, n);
      whole.update(buffer.array(), 0, n);
      left -= n;
    }
    byte[] digest = part.digest();
    composite.update(digest);
    parts++;
    return Base64.getEncoder().encodeToString(digest);
  }

  /** Of all that was read. */
  Sha256 whole() {
    return Hashing.finish(whole);
  }

  /** What the store makes of the parts' SHA-256: their digest, and their number. */
  String composite() {
    return Base64.getEncoder().encodeToString(composite.digest()) + "-" + parts;
  }

  /** In base64. */
  static String md5(byte[] content) {
    return Base64.getEncoder().encodeToString(newMd5().digest(content));
  }

  @SuppressWarnings("WeakAlgorithm") // against accidents, as the protocol has it
  private static MessageDigest newMd5() {
    try {
      return MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has MD5", e);
    }
  }
}
