package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A file on its way into a cache, in room that is set aside for it. For one thread; closed without
 * {@link #adopt}, it leaves nothing behind and gives the room back.
 */
public interface IncomingBlob extends AutoCloseable {
  /** An empty file to write the bytes to. */
  Path file();

  /**
   * Makes the file part of the cache; to be called once.
   *
   * @param digest computed from its bytes by the caller
   * @throws IOException also where it has not as many bytes as there was room set aside for
   */
  void adopt(Sha256 digest) throws IOException;

  @Override
  void close();
}
