package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.IncomingBlob;
import dev.assetmanagerd.storage.cache.LocalBlobs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bytes that are read for another reason, on their way into the cache. A cache that cannot take
 * them, for want of room or of a working disk, is no reason for the reader to fail: then they are
 * not kept. For one thread; closed without {@link #finish}, it leaves nothing behind.
 */
final class CacheFill implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CacheFill.class);

  private @Nullable IncomingBlob blob;
  private @Nullable FileChannel channel;

  private CacheFill(@Nullable IncomingBlob blob, @Nullable FileChannel out) {
    this.blob = blob;
    this.channel = out;
  }

  /** Keeps nothing. */
  static CacheFill none() {
    return new CacheFill(null, null);
  }

  /**
   * For a cache.
   *
   * @param sizeBytes how many there will be
   */
  static CacheFill into(LocalBlobs cache, long sizeBytes) {
    Optional<IncomingBlob> blob = Optional.empty();
    try {
      blob = cache.incoming(sizeBytes);
      if (blob.isEmpty()) {
        log.debug("no room in the cache for {} bytes that are read", sizeBytes);
        return none();
      }
      return new CacheFill(
          blob.get(), FileChannel.open(blob.get().file(), StandardOpenOption.WRITE));
    } catch (IOException e) {
      log.warn("the cache takes nothing: {}", e.toString());
      blob.ifPresent(IncomingBlob::close);
      return none();
    }
  }

  /** Takes the rest of a buffer. */
  void write(ByteBuffer bytes) {
    FileChannel out = channel;
    if (out == null) {
      return;
    }
    try {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    } catch (IOException e) {
      log.warn("bytes that were read are not kept in the cache: {}", e.toString());
      close();
    }
  }

  /**
   * Gives what was written to the cache.
   *
   * @param digest of all that was written
   */
  void finish(Sha256 digest) {
    IncomingBlob whole = blob;
    FileChannel out = channel;
    if (whole == null || out == null) {
      return;
    }
    try {
      out.close();
      whole.adopt(digest);
    } catch (IOException e) {
      log.warn("{} is not kept in the cache: {}", digest, e.toString());
    } finally {
      close();
    }
  }

  @Override
  public void close() {
    FileChannel out = channel;
    IncomingBlob partial = blob;
    channel = null;
    blob = null;
    try {
      if (out != null) {
        out.close();
      }
    } catch (IOException e) {
      log.debug("closing what is not kept: {}", e.toString());
    }
    if (partial != null) {
      partial.close();
    }
  }
}
