package dev.assetmanagerd.storage.cache;

import java.io.IOException;
import java.nio.channels.FileChannel;

/**
 * A verified file of a cache, opened to be read. It is not evicted until this is closed; closing
 * twice does nothing.
 */
public final class CachedBlob implements AutoCloseable {
  private final long sizeBytes;
  private final FileChannel channel;
  private final LocalBlob held;

  CachedBlob(long sizeBytes, FileChannel channel, LocalBlob held) {
    this.sizeBytes = sizeBytes;
    this.channel = channel;
    this.held = held;
  }

  /** Size of the whole blob. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** The bytes, from the offset asked for to the end. */
  public FileChannel channel() {
    return channel;
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      held.close();
    }
  }
}
