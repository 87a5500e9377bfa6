package dev.assetmanagerd.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;

/**
 * A file beside the one that is wanted, which becomes that one when it is complete and right. It
 * stays where a download is cut, and the next one goes on with it.
 */
final class PartialFile implements DownloadSink {
  private static final int BUFFER_BYTES = 1 << 20;
  private static final String PERMISSIONS = "rw-r--r--";

  private final Path target;
  private final Path partial;
  private final FileChannel channel;
  private final MessageDigest digest = Digests.newSha256();
  private long earlierBytes;
  private long receivedBytes;

  private PartialFile(Path target, Path partial, FileChannel channel) {
    this.target = target;
    this.partial = partial;
    this.channel = channel;
  }

  /**
   * Opens it; no other process may have it.
   *
   * @param goOn whether what an earlier run has left is wanted
   */
  static PartialFile open(Path target, boolean goOn) throws IOException {
    Path partial = target.resolveSibling(target.getFileName() + ".part");
    FileChannel channel =
        FileChannel.open(
            partial, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean opened = false;
    try {
      PartialFile file = new PartialFile(target, partial, channel);
      file.lock();
      if (goOn) {
        file.readEarlier();
      } else {
        channel.truncate(0);
      }
      opened = true;
      return file;
    } finally {
      if (!opened) {
        channel.close();
      }
    }
  }

  private void lock() throws IOException {
    try {
      if (channel.tryLock() == null) {
        throw new IOException(partial + " is in use by another download");
      }
    } catch (OverlappingFileLockException e) {
      throw new IOException(partial + " is in use by another download", e);
    }
  }

  private void readEarlier() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    while (channel.read(buffer.clear()) >= 0) {
      receivedBytes += buffer.position();
      digest.update(buffer.flip());
    }
    earlierBytes = receivedBytes;
  }

  @Override
  public long receivedBytes() {
    return receivedBytes;
  }

  @Override
  public long earlierBytes() {
    return earlierBytes;
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    digest.update(bytes.duplicate());
    while (bytes.hasRemaining()) {
      receivedBytes += channel.write(bytes);
    }
  }

  @Override
  public String checksum() {
    return Digests.hex(digest);
  }

  @Override
  public void restart() throws IOException {
    channel.truncate(0);
    channel.position(0);
    digest.reset();
    earlierBytes = 0;
    receivedBytes = 0;
  }

  @Override
  public void publish() throws IOException {
    channel.force(true);
    Files.setPosixFilePermissions(partial, PosixFilePermissions.fromString(PERMISSIONS));
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void discard() throws IOException {
    Files.deleteIfExists(partial);
  }

  /** Keeps what is there for the next time, if there is anything. */
  @Override
  public void close() throws IOException {
    try (channel) {
      if (receivedBytes == 0) {
        Files.deleteIfExists(partial);
      }
    }
  }
}
