package dev.assetmanagerd.storage.file;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the operating system keeps of files in memory, so that the next read is one of the disk or
 * the server. Thread-safe; blocks for I/O.
 */
public final class PageCache {
  private static final Logger log = LoggerFactory.getLogger(PageCache.class);

  private static final int O_RDONLY = 0;
  private static final int O_CLOEXEC = 0x80000; // the same on x86-64 and AArch64
  private static final int DONTNEED = 4;

  private static final @Nullable LibC LIB_C = load();

  private PageCache() {}

  /** The part of the C library that the JDK does not offer. */
  interface LibC extends Library {
    int open(String path, int flags) throws LastErrorException;

    // named as the C library has it
    int posix_fadvise(int fd, long offset, long length, int advice);

    int close(int fd);
  }

  /**
   * Drops a file from it, but for pages that somebody has mapped.
   *
   * @return false where the platform cannot, or there is no such file
   */
  public static boolean drop(Path file) {
    LibC libC = LIB_C;
    if (libC == null) {
      return false;
    }
    int fd = -1;
    try {
      fd = libC.open(file.toString(), O_RDONLY | O_CLOEXEC);
      return libC.posix_fadvise(fd, 0, 0, DONTNEED) == 0;
    } catch (LastErrorException e) {
      return false;
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
      log.warn("files are read from memory where they are there: no C library to call: {}", e);
      return null;
    }
  }
}
