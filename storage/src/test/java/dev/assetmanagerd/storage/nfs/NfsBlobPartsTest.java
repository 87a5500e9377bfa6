package dev.assetmanagerd.storage.nfs;

import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.BlobPartsContract;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.bounded.BoundedBlobStore;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** What holds for the parts of every store, on a real NFS mount. */
@EnabledIfSystemProperty(
    named = NfsDirectory.PROPERTY,
    matches = ".+",
    disabledReason = "needs a directory on NFS, see docs/development")
class NfsBlobPartsTest extends BlobPartsContract {
  private final NfsDirectory directory = new NfsDirectory();

  @Override
  protected BlobStore openStore() throws IOException {
    return directory.open();
  }

  @Override
  protected BlobParts parts(BlobStore store) {
    return ((BoundedBlobStore) store).parts();
  }

  @AfterEach
  void close() {
    directory.close();
  }
}
