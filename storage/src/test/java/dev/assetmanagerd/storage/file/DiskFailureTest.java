package dev.assetmanagerd.storage.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskFailureTest {
  @TempDir private Path temp;

  @Test
  void theKindOfAFailureIsToldByItsException() {
    assertThat(DiskFailure.of(new AccessDeniedException("x"))).isEqualTo(DiskFailure.PERMISSION);
    assertThat(DiskFailure.of(new NoSuchFileException("x"))).isEqualTo(DiskFailure.NOT_FOUND);
    assertThat(reason("Operation not permitted")).isEqualTo(DiskFailure.PERMISSION);
    assertThat(reason("Read-only file system")).isEqualTo(DiskFailure.READ_ONLY);
    assertThat(reason("Disk quota exceeded")).isEqualTo(DiskFailure.NO_SPACE);
    assertThat(reason("Stale file handle")).isEqualTo(DiskFailure.STALE_HANDLE);
    assertThat(reason("Input/output error")).isEqualTo(DiskFailure.IO_ERROR);
    assertThat(DiskFailure.of(new IOException())).isEqualTo(DiskFailure.OTHER);
  }

  @Test
  void aRealFullDeviceIsToldAsOne() throws IOException {
    try (FileChannel full = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE)) {
      IOException e =
          catchThrowableOfType(IOException.class, () -> full.write(ByteBuffer.allocate(1)));

      assertThat(DiskFailure.of(e)).isEqualTo(DiskFailure.NO_SPACE);
    }
  }

  @Test
  void aFailureInAnotherLanguageIsToldByTheStateOfTheFileSystem() throws IOException {
    IOException german = new IOException("Auf dem Gerät ist kein Speicherplatz mehr verfügbar");
    long free = Files.getFileStore(temp).getUsableSpace();

    assertThat(DiskFailure.of(german, temp, 2 * free)).isEqualTo(DiskFailure.NO_SPACE);
    assertThat(DiskFailure.of(german, temp, 1)).isEqualTo(DiskFailure.OTHER);
    assertThat(DiskFailure.of(german, temp.resolve("missing"), 1)).isEqualTo(DiskFailure.OTHER);
  }

  private static DiskFailure reason(String text) {
    return DiskFailure.of(new FileSystemException("/x", null, text));
  }
}
