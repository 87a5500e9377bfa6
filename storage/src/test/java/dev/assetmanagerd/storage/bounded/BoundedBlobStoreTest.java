package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.BlobStoreContract;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** What holds for every store holds for a bounded one. */
class BoundedBlobStoreTest extends BlobStoreContract {
  private final List<BoundedSteps> opened = new ArrayList<>();

  @TempDir private Path temp;

  @Override
  protected BlobStore openStore() throws IOException {
    return open("n1");
  }

  @Override
  protected BlobStore openStoreOfAnotherNode() throws IOException {
    return open("n2");
  }

  private BlobStore open(String nodeId) throws IOException {
    BoundedSteps steps = new BoundedSteps("store", 4, Duration.ofSeconds(30), System::nanoTime);
    opened.add(steps);
    SharedDirectoryBlobStore store = SharedDirectoryBlobStore.open(temp.resolve("blobs"), nodeId);
    return new BoundedBlobStore(store, store.parts(), steps);
  }

  @AfterEach
  void closeSteps() {
    opened.forEach(BoundedSteps::close);
  }
}
