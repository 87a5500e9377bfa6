package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.BlobPartsContract;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** What holds for the parts of every store holds for those of a bounded one. */
class BoundedBlobPartsTest extends BlobPartsContract {
  private final BoundedSteps steps =
      new BoundedSteps("store", 4, Duration.ofSeconds(30), System::nanoTime);

  @TempDir private Path temp;

  @Override
  protected BlobStore openStore() throws IOException {
    SharedDirectoryBlobStore store = SharedDirectoryBlobStore.open(temp.resolve("blobs"), "n1");
    return new BoundedBlobStore(store, store.parts(), steps);
  }

  @Override
  protected BlobParts parts(BlobStore store) {
    return ((BoundedBlobStore) store).parts();
  }

  @AfterEach
  void closeSteps() {
    steps.close();
  }
}
