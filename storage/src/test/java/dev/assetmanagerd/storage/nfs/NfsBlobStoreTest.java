package dev.assetmanagerd.storage.nfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.BlobStoreContract;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** What holds for every store, on a real NFS mount; with two mounts, between two of its clients. */
@EnabledIfSystemProperty(
    named = NfsDirectory.PROPERTY,
    matches = ".+",
    disabledReason = "needs a directory on NFS, see docs/development")
class NfsBlobStoreTest extends BlobStoreContract {
  private final NfsDirectory directory = new NfsDirectory();

  @Override
  protected BlobStore openStore() throws IOException {
    return directory.open();
  }

  @Override
  protected BlobStore openStoreOfAnotherNode() throws IOException {
    return directory.openOfAnotherNode();
  }

  @Test
  void whatOneNodeFoundAbsentItSeesAsSoonAsAnotherHasPutIt() throws IOException {
    BlobStore other = openStoreOfAnotherNode();
    for (int i = 0; i < 10; i++) {
      byte[] content = content(5000, 100 + i);
      String location = digest(content).location();
      assertThat(other.stat(location)).isEmpty();

      put(content);

      assertThat(other.stat(location)).as("blob %d", i).isPresent();
      try (ReadableByteChannel channel = other.open(location, 0)) {
        assertThat(drain(channel)).isEqualTo(content);
      }
    }
  }

  @Test
  void whatOneNodeFoundAnotherSeesGoneAsSoonAsItIsDeleted() throws IOException {
    BlobStore other = openStoreOfAnotherNode();
    String location = put(content(5000, 200)).location();
    assertThat(other.stat(location)).isPresent();

    assertThat(store().delete(location)).isTrue();

    assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(() -> other.open(location, 0));
    assertThat(other.delete(location)).isFalse();
  }

  @AfterEach
  void close() {
    directory.close();
  }
}
