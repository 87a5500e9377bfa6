package dev.assetmanagerd.storage.file;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Platform;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code ioctl(FICLONE)}: XFS, btrfs, and NFS 4.2 over one of them. */
final class LinuxReflink implements Reflink {
  private static final Logger log = LoggerFactory.getLogger(LinuxReflink.class);

  private static final NativeLong FICLONE = new NativeLong(0x40049409L);
  private static final int O_RDONLY = 0;
  private static final int O_WRONLY = 1;
  private static final int O_CLOEXEC = 0x80000; // the same on x86-64 and AArch64

  private final LibC libC;

  private LinuxReflink(LibC libC) {
    this.libC = libC;
  }

  /** The part of the C library that the JDK does not offer. */
  interface LibC extends Library {
    int open(String path, int flags);

    int ioctl(int fd, NativeLong request, int argument);

    int close(int fd);
  }

  static Reflink load() {
    if (!Platform.isLinux()) {
      return UNSUPPORTED;
    }
    try {
      return new LinuxReflink(Native.load("c", LibC.class));
    } catch (LinkageError e) {
      // JNA unpacks a library of its own first, which a noexec temporary directory forbids.
      log.warn("No reflinks, files are copied instead: the C library cannot be called: {}", e);
      return UNSUPPORTED;
    }
  }

  @Override
  public boolean tryClone(Path source, Path target) throws IOException {
    boolean cloned = false;
    try (FileChannel created =
        FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      try {
        DurableFiles.setPermissions(target, "rw-------");
        cloned = shareExtents(source, target);
        if (cloned) {
          created.force(true);
        }
      } catch (IOException | RuntimeException e) {
        cloned = false;
        throw e;
      } finally {
        if (!cloned) {
          Files.deleteIfExists(target);
        }
      }
    }
    return cloned;
  }

  private boolean shareExtents(Path source, Path target) {
    int from = libC.open(source.toString(), O_RDONLY | O_CLOEXEC);
    if (from < 0) {
      return false;
    }
    try {
      int to = libC.open(target.toString(), O_WRONLY | O_CLOEXEC);
      if (to < 0) {
        return false;
      }
      try {
        // Why it fails (other file system, no support, no space) does not matter: the copy that
        // follows either works or fails with the reason.
        return libC.ioctl(to, FICLONE, from) == 0;
      } finally {
        libC.close(to);
      }
    } finally {
      libC.close(from);
    }
  }
}
