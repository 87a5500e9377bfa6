package dev.assetmanagerd.clustertests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A wall clock of one process's own that can be set while the process runs. Its monotonic clock,
 * and with it all that waits, goes on undisturbed. Thread-safe.
 *
 * <p>Done by libfaketime (Debian's package {@code faketime}), which the process has to be started
 * with.
 */
public final class WallClock {
  private static final String LIBRARY = "libfaketimeMT.so.1";

  private final Path file;

  WallClock(Path file) {
    this.file = file;
  }

  /** The library, where it is installed. */
  public static Optional<Path> library() {
    try (Stream<Path> multiarch = Files.list(Path.of("/usr/lib"))) {
      return multiarch
          .map(directory -> directory.resolve("faketime").resolve(LIBRARY))
          .filter(Files::isReadable)
          .findFirst();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What to start the process with. */
  Map<String, String> environment(Path library) {
    return Map.of(
        "LD_PRELOAD", library.toString(),
        "FAKETIME_TIMESTAMP_FILE", file.toString(),
        // The file is read for every look at the clock: a step takes effect at once.
        "FAKETIME_NO_CACHE", "1",
        "FAKETIME_DONT_FAKE_MONOTONIC", "1",
        // Otherwise waits against the monotonic clock end at once, and the JVM has hardly any
        // other.
        "FAKETIME_FORCE_MONOTONIC_FIX", "0",
        // Times of files are those of the file system, which has a clock of its own.
        "NO_FAKE_STAT", "1");
  }

  /** Sets it to the true time plus an offset, which may be negative. Whole seconds. */
  void set(Duration offset) {
    Path unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(unfinished, "%+d".formatted(offset.toSeconds()));
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
