package dev.assetmanagerd.clustertests.chaos.nemesis;

import dev.assetmanagerd.clustertests.network.OwnedNames;
import dev.assetmanagerd.clustertests.network.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** File systems and loop devices that processes have left behind that were killed. */
public final class StaleDisks {
  private static final Path MOUNTS = Path.of("/proc/self/mounts");
  private static final Path BLOCK_DEVICES = Path.of("/sys/block");
  private static final String DELETED = " (deleted)";

  private StaleDisks() {}

  /** Takes them away; those of processes that live stay. Needs root. */
  public static void takeAway() throws IOException {
    // Most loop devices let go of their file by themselves when what is mounted is not any more.
    Map<String, Path> images = new TreeMap<>();
    for (String loop : loops()) {
      image(loop)
          .filter(image -> OwnedNames.isStale(name(image)))
          .ifPresent(image -> images.put(loop, image));
    }
    for (String line : Files.readAllLines(MOUNTS)) {
      List<String> fields = List.of(line.split(" ", -1));
      if (OwnedNames.isStale(fields.get(0))
          || images.containsKey(fields.get(0).replaceFirst("^/dev/", ""))) {
        Shell.tryRun(List.of("umount", "-l", unescaped(fields.get(1))));
      }
    }
    for (Map.Entry<String, Path> stale : images.entrySet()) {
      Shell.tryRun(List.of("losetup", "-d", "/dev/" + stale.getKey()));
      Files.deleteIfExists(stale.getValue());
    }
  }

  private static List<String> loops() throws IOException {
    try (Stream<Path> devices = Files.list(BLOCK_DEVICES)) {
      return devices.map(StaleDisks::name).filter(name -> name.startsWith("loop")).toList();
    }
  }

  /** The file that a loop device is in; empty where it is in none. */
  private static Optional<Path> image(String loop) throws IOException {
    Path backing = BLOCK_DEVICES.resolve(loop).resolve("loop").resolve("backing_file");
    if (!Files.isReadable(backing)) {
      return Optional.empty();
    }
    String file = Files.readString(backing).strip();
    boolean deleted = file.endsWith(DELETED);
    return Optional.of(
        Path.of(deleted ? file.substring(0, file.length() - DELETED.length()) : file));
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }

  /** The kernel writes a blank as {@code \\040}. */
  private static String unescaped(String path) {
    return path.replace("\\040", " ");
  }
}
