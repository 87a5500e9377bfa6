package dev.assetmanagerd.server;

import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.DirectUploads;
import dev.assetmanagerd.storage.bounded.BoundedSteps;
import java.util.Optional;

/**
 * The blob store of a node with all that it can do.
 *
 * @param blobs the store
 * @param parts of uploads that go on at any node, in the same store
 * @param direct uploads past the node, where the store can do that
 * @param steps where it is a directory, the threads that work in it
 * @param resources what has to be closed when nobody uses the store any more
 */
record OpenedStore(
    BlobStore blobs,
    BlobParts parts,
    Optional<DirectUploads> direct,
    Optional<BoundedSteps> steps,
    Runnable resources)
    implements AutoCloseable {
  /** What hangs in it at this moment; empty when nothing does. */
  Optional<String> hanging() {
    return steps.flatMap(BoundedSteps::problem);
  }

  @Override
  public void close() {
    resources.run();
  }
}
