package dev.assetmanagerd.storage.cache;

import java.nio.file.Path;

/** A blob that stays a file on this host until it is closed. Closing twice does nothing. */
public interface LocalBlob extends AutoCloseable {
  /** The file: complete, verified, not to be written to. */
  Path path();

  @Override
  void close();
}
