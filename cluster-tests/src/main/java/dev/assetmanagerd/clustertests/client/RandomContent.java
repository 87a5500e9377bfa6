package dev.assetmanagerd.clustertests.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.SplittableRandom;

/**
 * Bytes that nothing can compress or guess, the same for the same seed.
 *
 * @param seed chooses the bytes
 * @param size how many
 */
public record RandomContent(long seed, long size) {
  /** The bytes from the start, without holding them. */
  public InputStream open() {
    return new Stream(seed, size);
  }

  /** Lower-case hexadecimal SHA-256 of all bytes. */
  public String sha256() {
    try (InputStream bytes = open()) {
      MessageDigest digest = Sha256Sum.newDigest();
      byte[] buffer = new byte[64 << 10];
      for (int n = bytes.read(buffer); n >= 0; n = bytes.read(buffer)) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Stream extends InputStream {
    private final SplittableRandom random;
    private final byte[] block = new byte[8 << 10];
    private int position = block.length;
    private long left;

    Stream(long seed, long size) {
      this.random = new SplittableRandom(seed);
      this.left = size;
    }

    @Override
    public int read() {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      if (left == 0) {
        return length == 0 ? 0 : -1;
      }
      if (position == block.length) {
        random.nextBytes(block);
        position = 0;
      }
      int count = (int) Math.min(left, Math.min(length, block.length - position));
      System.arraycopy(block, position, target, offset, count);
      position += count;
      left -= count;
      return count;
    }
  }
}
