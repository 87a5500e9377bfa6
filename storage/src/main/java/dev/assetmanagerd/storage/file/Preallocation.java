package dev.assetmanagerd.storage.file;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the file system set disk blocks aside for a file before it is written, so that a full disk is
 * known before the first byte is fetched. Thread-safe; blocks for I/O.
 */
public final class Preallocation {
  private static final Logger log = LoggerFactory.getLogger(Preallocation.class);

  private static final int O_WRONLY = 1;
  private static final int O_CLOEXEC = 0x80000; // the same on x86-64 and AArch64
  private static final int ENOSPC = 28;
  private static final int EDQUOT = 122;

  private static final @Nullable LibC LIB_C = load();

  private Preallocation() {}

  /** The part of the C library that the JDK does not offer. */
  interface LibC extends Library {
    int open(String path, int flags) throws LastErrorException;

    int fallocate(int fd, int mode, long offset, long length) throws LastErrorException;

    int close(int fd);
  }

  /**
   * Sets blocks aside and gives the file its size; its bytes are zero until they are written.
   *
   * @param file an existing file
   * @return false where the platform or the file system cannot; the file is then as it was
   * @throws IOException when the disk, or the quota on it, has not got that much left
   */
  public static boolean allocate(Path file, long sizeBytes) throws IOException {
    LibC libC = LIB_C;
    if (libC == null || sizeBytes <= 0) {
      return false;
    }
    int fd = -1;
    try {
      fd = libC.open(file.toString(), O_WRONLY | O_CLOEXEC);
      return libC.fallocate(fd, 0, 0, sizeBytes) == 0;
    } catch (LastErrorException e) {
      return switch (e.getErrorCode()) {
        case ENOSPC -> throw new FileSystemException(file + "", null, "No space left on device");
        case EDQUOT -> throw new FileSystemException(file + "", null, "Disk quota exceeded");
        default -> false; // not supported there, or interrupted; writing will tell
      };
    } finally {
      if (fd >= 0) {
        libC.close(fd);
      }
    }
  }

  private static @Nullable LibC load() {
    if (!Platform.isLinux()) {
      return null;
    }
    try {
      return Native.load("c", LibC.class);
    } catch (LinkageError e) {
      log.warn("Disk space is not set aside beforehand: the C library cannot be called: {}", e);
      return null;
    }
  }
}
