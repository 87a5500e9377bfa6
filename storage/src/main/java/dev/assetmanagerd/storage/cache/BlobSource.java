package dev.assetmanagerd.storage.cache;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;

/** One place to fetch one blob from. What it gives is verified by whoever fetches. Thread-safe. */
public interface BlobSource {
  /** For people: in logs, errors and metrics; from a small set, like {@code s3} or {@code peer}. */
  String name();

  /**
   * Opens a part of the blob. The caller closes the channel; closing it before its end ends the
   * transfer.
   *
   * @param offset where to begin
   * @param length how many bytes are wanted from there on; there may be more to read, or fewer
   * @throws java.nio.file.NoSuchFileException when it has no such blob
   */
  ReadableByteChannel open(long offset, long length) throws IOException;
}
