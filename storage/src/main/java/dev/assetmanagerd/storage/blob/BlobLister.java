package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.time.Instant;
import java.util.stream.Stream;

/** Sees all content-addressed blobs of a store, for sweeping up. Thread-safe; blocks for I/O. */
public interface BlobLister {
  /**
   * All blobs under their digests, {@linkplain Sha256#isLocation names with a number} included, in
   * no order. The stream is lazy: however many there are, few of them are in memory at a time. What
   * comes or goes meanwhile may or may not be in it.
   *
   * <p>The caller closes the stream. Errors on the way come as {@link
   * java.io.UncheckedIOException}.
   */
  Stream<BlobStat> list() throws IOException;

  /** The present time by the clock that makes the times of {@link BlobStat#lastModified()}. */
  Instant storeTime() throws IOException;
}
