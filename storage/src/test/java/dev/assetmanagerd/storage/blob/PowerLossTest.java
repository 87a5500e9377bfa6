package dev.assetmanagerd.storage.blob;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.storage.testing.ScratchFileSystem;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a store has confirmed outlives a power loss right after. */
@Tag("root")
class PowerLossTest {
  @TempDir private Path temp;

  @Test
  void aBlobThatWasPutIsThereWholeAfterAPowerLoss() throws Exception {
    byte[] content = BlobStoreContract.content(5_000_000, 1);
    Sha256 digest = BlobStoreContract.digest(content);
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp)) {
      put(openStore(disk), content);

      disk.losePower();

      assertThat(disk.directory().resolve("blobs").resolve(digest.location()))
          .hasBinaryContent(content);
      assertThat(openStore(disk).stat(digest.location()))
          .map(BlobStat::sizeBytes)
          .contains((long) content.length);
    }
  }

  @Test
  void aBlobThatWasDeletedStaysDeletedAfterAPowerLoss() throws Exception {
    byte[] content = BlobStoreContract.content(1000, 2);
    String location = BlobStoreContract.digest(content).location();
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp)) {
      SharedDirectoryBlobStore store = openStore(disk);
      put(store, content);
      assertThat(store.delete(location)).isTrue();

      disk.losePower();

      assertThat(openStore(disk).stat(location)).isEmpty();
    }
  }

  @Test
  void anUploadThatWasCutShortLeavesNoBlobAndNoFileAfterTheNextStart() throws Exception {
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp)) {
      SharedDirectoryBlobStore store = openStore(disk);
      Spool spool = Spool.open(store.stagingDirectory(), "n1", 10_000_000);
      spool.write(ByteBuffer.wrap(BlobStoreContract.content(5_000_000, 3)));
      spool.finish();

      disk.losePower();

      SharedDirectoryBlobStore reopened = openStore(disk);
      try (Stream<Path> staged = Files.list(reopened.stagingDirectory());
          Stream<BlobStat> blobs = reopened.list()) {
        assertThat(staged).isEmpty();
        assertThat(blobs).isEmpty();
      }
    }
  }

  private static SharedDirectoryBlobStore openStore(ScratchFileSystem disk) throws Exception {
    return SharedDirectoryBlobStore.open(disk.directory().resolve("blobs"), "n1");
  }

  private static void put(BlobStore store, byte[] content) throws Exception {
    try (Spool spool = Spool.open(store.stagingDirectory(), "n1", content.length)) {
      spool.write(ByteBuffer.wrap(content));
      SpooledFile file = spool.finish();
      store.put(file.path(), file.digest().location(), file.digest(), file.sizeBytes());
    }
  }
}
