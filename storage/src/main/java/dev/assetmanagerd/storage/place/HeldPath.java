package dev.assetmanagerd.storage.place;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory or file that is held, so that nobody makes its path lead elsewhere by renaming or
 * linking: {@link #path()} goes through the descriptor, {@code /proc/self/fd/N}. Symbolic links are
 * not followed to it, and nothing is opened for reading yet, so that a FIFO or a device does no
 * harm before it is recognised.
 *
 * <p>Where the C library cannot be called (not on Linux, or temporary files may not be executed) or
 * {@code /proc} is missing, it is the path as given and nothing more; that is logged. Thread-safe.
 */
final class HeldPath implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HeldPath.class);
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private static final int ENOENT = 2;
  private static final int O_PATH = 0x200000;
  private static final int O_CLOEXEC = 0x80000;

  /** One of the few that differ between processors. */
  private static final int O_NOFOLLOW = Platform.isARM() || Platform.isPPC() ? 0x8000 : 0x20000;

  /** The part of the C library that the JDK does not offer. */
  interface LibC extends Library {
    int open(String path, int flags) throws LastErrorException;

    int close(int fd);
  }

  private static final class Loaded {
    static final @Nullable LibC LIB_C = load();

    private static @Nullable LibC load() {
      if (Platform.isLinux() && Files.isDirectory(DESCRIPTORS)) {
        try {
          return Native.load("c", LibC.class);
        } catch (LinkageError e) {
          log.warn("The C library cannot be called: {}", e.toString());
        }
      }
      log.warn(
          "Directories that files are placed in cannot be held: whoever owns them is trusted not to"
              + " replace what is in them meanwhile");
      return null;
    }
  }

  private final Path name;
  private final Path path;
  private final int descriptor;
  private final AtomicBoolean closed = new AtomicBoolean();

  private HeldPath(Path name, Path path, int descriptor) {
    this.name = name;
    this.path = path;
    this.descriptor = descriptor;
  }

  /**
   * Holds what is at a path, which may go through another one that is held.
   *
   * @param name for messages
   * @throws NoSuchFileException when there is nothing
   */
  static HeldPath of(Path path, Path name) throws IOException {
    LibC libC = Loaded.LIB_C;
    if (libC == null) {
      return new HeldPath(name, path, -1);
    }
    try {
      int descriptor = libC.open(path.toString(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
      return new HeldPath(name, DESCRIPTORS.resolve(Integer.toString(descriptor)), descriptor);
    } catch (LastErrorException e) {
      if (e.getErrorCode() == ENOENT) {
        throw new NoSuchFileException(name.toString());
      }
      throw new FileSystemException(name.toString(), null, e.getMessage());
    }
  }

  /** The same; null when there is nothing. */
  static @Nullable HeldPath ofAny(Path path, Path name) throws IOException {
    try {
      HeldPath held = of(path, name);
      if (held.descriptor < 0 && !Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        return null;
      }
      return held;
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** What a directory has under a name. */
  HeldPath child(Path fileName) throws IOException {
    return of(path.resolve(fileName), name.resolve(fileName));
  }

  /** Leads to it while it is held. */
  Path path() {
    return path;
  }

  /** What it was called when it was opened, for people. */
  Path name() {
    return name;
  }

  /**
   * What it is.
   *
   * @throws NoSuchFileException when it is not held and has gone away
   */
  Inode inode() throws IOException {
    return descriptor < 0
        ? Inode.read(path, Set.of(LinkOption.NOFOLLOW_LINKS))
        : Inode.read(path, Set.of());
  }

  /** Once: the number may be somebody else's afterwards. */
  @Override
  public void close() {
    LibC libC = Loaded.LIB_C;
    if (libC != null && descriptor >= 0 && closed.compareAndSet(false, true)) {
      libC.close(descriptor);
    }
  }
}
