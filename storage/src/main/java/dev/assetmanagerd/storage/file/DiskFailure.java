package dev.assetmanagerd.storage.file;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link IOException} from the file system means to an operator.
 *
 * <p>The JDK keeps the error number to itself and gives the C library's text, so the text is looked
 * at first; since it may be in another language, the file system is then asked itself.
 */
public enum DiskFailure {
  /** The file system, or the user's quota on it, is full. */
  NO_SPACE,
  /** The process may not do this there. */
  PERMISSION,
  /** The file system is mounted read-only, perhaps after an error. */
  READ_ONLY,
  /** The path, or a directory on it, does not exist. */
  NOT_FOUND,
  /** An NFS server no longer knows the file that was open or looked up. */
  STALE_HANDLE,
  /** The device failed, or a soft NFS mount gave up waiting for its server. */
  IO_ERROR,
  /** Anything else. */
  OTHER;

  /**
   * Classifies a failure.
   *
   * @param place a path on the file system that failed, to be asked for its free space; may be
   *     absent
   * @param neededBytes how much was to be written there
   */
  public static DiskFailure of(IOException e, @Nullable Path place, long neededBytes) {
    DiskFailure byText = of(e);
    return byText == OTHER && place != null ? ofState(place, neededBytes) : byText;
  }

  /** Classifies a failure by the exception alone. */
  public static DiskFailure of(IOException e) {
    if (e instanceof AccessDeniedException) {
      return PERMISSION;
    }
    if (e instanceof NoSuchFileException) {
      return NOT_FOUND;
    }
    String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    if (text.contains("no space left") || text.contains("quota exceeded")) {
      return NO_SPACE;
    }
    if (text.contains("read-only file system")) {
      return READ_ONLY;
    }
    if (text.contains("stale") && text.contains("file handle")) {
      return STALE_HANDLE;
    }
    if (text.contains("input/output error")) {
      return IO_ERROR;
    }
    return text.contains("operation not permitted") || text.contains("permission denied")
        ? PERMISSION
        : OTHER;
  }

  private static DiskFailure ofState(Path place, long neededBytes) {
    try {
      FileStore store = Files.getFileStore(place);
      if (store.isReadOnly()) {
        return READ_ONLY;
      }
      return store.getUsableSpace() < Math.max(1, neededBytes) ? NO_SPACE : OTHER;
    } catch (IOException | ReadOnlyFileSystemException e) {
      return OTHER; // the failure in hand says more than this one
    }
  }
}
