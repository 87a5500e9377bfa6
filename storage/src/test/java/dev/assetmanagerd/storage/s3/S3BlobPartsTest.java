package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.BlobPartsContract;
import dev.assetmanagerd.storage.blob.BlobStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class S3BlobPartsTest extends BlobPartsContract {
  @TempDir private Path temp;
  private final List<S3BlobStore> opened = new ArrayList<>();

  @Override
  protected BlobStore openStore() throws IOException {
    S3BlobStore store =
        S3BlobStore.open(
            S3TestOptions.of(S3Server.shared().endpoint(), RawBucket.create().name(), temp));
    opened.add(store);
    return store;
  }

  @Override
  protected BlobParts parts(BlobStore store) {
    return ((S3BlobStore) store).parts();
  }

  @AfterEach
  void close() {
    opened.forEach(S3BlobStore::close);
  }
}
