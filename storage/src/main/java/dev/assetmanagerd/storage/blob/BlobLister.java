package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.util.stream.Stream;

/** Sees all content-addressed blobs of a store, for sweeping up. Thread-safe; blocks for I/O. */
public interface BlobLister {
  /** All blobs under their digests, in no order, lazily. The caller closes the stream. */
  Stream<BlobStat> list() throws IOException;
}
