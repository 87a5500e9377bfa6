package dev.assetmanagerd.storage.blob;

import dev.assetmanagerd.storage.file.IoSteps;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A complete, flushed file that is ready for {@link BlobWriter#put}.
 *
 * @param path where it lies; it is gone when its {@link Spool} is closed, unless it was put
 * @param sizeBytes its size
 * @param digest of its content
 */
public record SpooledFile(Path path, long sizeBytes, Sha256 digest) {
  /**
   * The same bytes under another staged name, to be put while this file stays: whoever has to put
   * them a second time still has them then. A hard link where the file system has them, else a
   * flushed copy. The caller puts it or deletes it.
   *
   * @param steps of the store whose staging directory the file lies in
   */
  public Path duplicate(IoSteps steps) throws IOException {
    Path duplicate = path.resolveSibling(StagedName.sibling(String.valueOf(path.getFileName())));
    return steps.run("link a file", () -> linkOrCopy(duplicate), SpooledFile::deleteLate);
  }

  private Path linkOrCopy(Path duplicate) throws IOException {
    try {
      return Files.createLink(duplicate, path);
    } catch (UnsupportedOperationException | FileSystemException e) {
      return copy(duplicate);
    }
  }

  private Path copy(Path duplicate) throws IOException {
    try {
      Files.copy(path, duplicate);
      try (var channel = FileChannel.open(duplicate, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      return duplicate;
    } catch (IOException e) {
      Files.deleteIfExists(duplicate);
      throw e;
    }
  }

  private static void deleteLate(Path duplicate) {
    IoSteps.DIRECT.cleanUp("delete " + duplicate, () -> Files.deleteIfExists(duplicate));
  }
}
