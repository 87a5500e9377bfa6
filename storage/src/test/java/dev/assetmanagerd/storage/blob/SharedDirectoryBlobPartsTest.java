package dev.assetmanagerd.storage.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedDirectoryBlobPartsTest extends BlobPartsContract {
  private static final String PART = "01BX5ZZKBKACTAV9WEVGEMMVS0";

  @TempDir private Path temp;

  @Override
  protected SharedDirectoryBlobStore openStore() throws IOException {
    return SharedDirectoryBlobStore.open(temp.resolve("blobs"), "n1");
  }

  @Override
  protected BlobParts parts(BlobStore store) {
    return ((SharedDirectoryBlobStore) store).parts();
  }

  @Test
  void noLocationLeadsToAPartNotEvenByASymbolicLink() throws IOException {
    put(UPLOAD, PART, content(100, 1));
    Path root = temp.resolve("blobs");
    Files.createSymbolicLink(root.resolve("link"), root.resolve(".uploads").resolve(UPLOAD));

    assertThatExceptionOfType(InvalidLocationException.class)
        .isThrownBy(() -> store().stat(".uploads/" + UPLOAD + "/" + PART));
    assertThatExceptionOfType(InvalidLocationException.class)
        .isThrownBy(() -> store().stat("link/" + PART));
  }

  @Test
  void aDirectoryOfPartsThatLeadsElsewhereIsNotFollowed() throws IOException {
    Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
    Path precious = Files.writeString(elsewhere.resolve(PART), "precious");
    Path uploads = Files.createDirectory(temp.resolve("blobs").resolve(".uploads"));
    Files.createSymbolicLink(uploads.resolve(UPLOAD), elsewhere);

    parts(store()).deleteParts(UPLOAD);
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> read(UPLOAD, PART));
    assertThatExceptionOfType(FileAlreadyExistsException.class)
        .isThrownBy(() -> put(UPLOAD, "01BX5ZZKBKACTAV9WEVGEMMVS1", content(10, 1)));

    assertThat(precious).hasContent("precious");
    assertThat(elsewhere.toFile().list()).hasSize(1);
    assertThat(uploads()).isEmpty();
  }

  @Test
  void aPartIsNeverOverwritten() throws IOException {
    put(UPLOAD, PART, content(100, 1));

    assertThatExceptionOfType(FileAlreadyExistsException.class)
        .isThrownBy(() -> put(UPLOAD, PART, content(100, 2)));

    assertThat(read(UPLOAD, PART)).isEqualTo(content(100, 1));
  }

  @Test
  void aStoreThatIsGoneIsNoStoreWithoutParts() throws IOException {
    put(UPLOAD, PART, content(100, 1));
    Files.move(temp.resolve("blobs"), temp.resolve("unmounted"));
    Files.createDirectory(temp.resolve("blobs"));

    assertThatExceptionOfType(BlobStoreUnavailableException.class).isThrownBy(this::uploads);
    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> read(UPLOAD, PART));
    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> parts(store()).deleteParts(UPLOAD));
    assertThat(temp.resolve("blobs")).isEmptyDirectory();
  }
}
