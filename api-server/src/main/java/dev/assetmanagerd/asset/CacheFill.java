package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.LocalBlobs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
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

  private final @Nullable LocalBlobs cache;
  private @Nullable Path file;
  private @Nullable FileChannel channel;

  private CacheFill(@Nullable LocalBlobs cache, @Nullable Path file, @Nullable FileChannel out) {
    this.cache = cache;
    this.file = file;
    this.channel = out;
  }

  /** Keeps nothing. */
  static CacheFill none() {
    return new CacheFill(null, null, null);
  }

  /** For a cache. */
  static CacheFill into(LocalBlobs cache) {
    Optional<Path> file = Optional.empty();
    try {
      file = Optional.of(Files.createTempFile(cache.stagingDirectory(), "read-", ".part"));
      FileChannel out = FileChannel.open(file.get(), StandardOpenOption.WRITE);
      return new CacheFill(cache, file.get(), out);
    } catch (IOException e) {
      log.warn("the cache takes nothing: {}", e.toString());
      file.ifPresent(CacheFill::delete);
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
  void finish(Sha256 digest, long sizeBytes) {
    Path whole = file;
    FileChannel out = channel;
    if (cache == null || whole == null || out == null) {
      return;
    }
    try {
      out.close();
      channel = null;
      file = null; // the cache's from here on
      if (!cache.adopt(whole, digest, sizeBytes)) {
        log.debug("no room in the cache for {}", digest);
      }
    } catch (IOException e) {
      log.warn("{} is not kept in the cache: {}", digest, e.toString());
      close();
      delete(whole);
    }
  }

  @Override
  public void close() {
    FileChannel out = channel;
    Path partial = file;
    channel = null;
    file = null;
    try {
      if (out != null) {
        out.close();
      }
    } catch (IOException e) {
      log.debug("closing {}: {}", partial, e.toString());
    }
    if (partial != null) {
      delete(partial);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      log.warn("cannot delete {}: {}", file, e.toString());
    }
  }
}
