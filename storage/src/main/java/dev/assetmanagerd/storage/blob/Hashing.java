package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.function.LongConsumer;

/** Digests of bytes that are read once, in constant memory. Thread-safe; blocks for I/O. */
public final class Hashing {
  private static final int BUFFER_BYTES = 256 * 1024;

  private Hashing() {}

  /**
   * What was found in reading something to its end.
   *
   * @param sizeBytes how much there was
   * @param digest of all of it
   */
  public record Content(long sizeBytes, Sha256 digest) {}

  /** A digest of bytes as they come. For one thread. */
  public static final class Digester {
    private final MessageDigest digest = newSha256();

    private Digester() {}

    /** Takes all that remains in the buffer. */
    public void update(ByteBuffer bytes) {
      digest.update(bytes);
    }

    /** The digest of all that was taken; call it once. */
    public Sha256 finish() {
      return Hashing.finish(digest);
    }
  }

  /** A digest that nothing was added to yet. */
  public static Digester newDigester() {
    return new Digester();
  }

  /** Reads a file. Symbolic links are followed; who must not, checks before. */
  public static Content sha256(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return sha256(channel);
    }
  }

  /** Reads a channel from where it stands to its end. The caller closes it. */
  public static Content sha256(ReadableByteChannel channel) throws IOException {
    MessageDigest digest = newSha256();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    long size = 0;
    while (channel.read(buffer) >= 0) {
      size += buffer.position();
      digest.update(buffer.flip());
      buffer.clear();
    }
    return new Content(size, finish(digest));
  }

  /**
   * The same at the pace of somebody else.
   *
   * @param pace waits, told how many bytes were read since it was asked last
   */
  public static Content sha256(ReadableByteChannel channel, LongConsumer pace) throws IOException {
    return sha256(
        new ReadableByteChannel() {
          @Override
          public int read(ByteBuffer target) throws IOException {
            int n = channel.read(target);
            if (n > 0) {
              pace.accept(n);
            }
            return n;
          }

          @Override
          public boolean isOpen() {
            return channel.isOpen();
          }

          @Override
          public void close() throws IOException {
            channel.close();
          }
        });
  }

  /** A new, empty computation of a SHA-256. */
  public static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The digest of what was fed to a computation, which begins anew. */
  public static Sha256 finish(MessageDigest digest) {
    return Sha256.of(digest.digest());
  }
}
