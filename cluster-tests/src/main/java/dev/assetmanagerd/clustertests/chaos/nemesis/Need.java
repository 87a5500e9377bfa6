package dev.assetmanagerd.clustertests.chaos.nemesis;

import dev.assetmanagerd.clustertests.WallClock;
import dev.assetmanagerd.clustertests.network.Namespaces;
import dev.assetmanagerd.clustertests.network.Shell;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** What a nemesis takes beyond processes and signals. */
public enum Need {
  /** Hosts with links that can be cut. */
  LINKS,
  /** Lines between members that can be made slow. */
  SLOW_LINES,
  /** Wall clocks of the nodes' own. */
  CLOCKS,
  /** System calls of a running process that fail or take long. */
  TRACING,
  /** A small file system for the blobs. */
  SMALL_DISK,
  /** A file system for all files of all nodes that can lose its power. */
  POWER,
  /** An object store with a bad line to it. */
  OBJECT_STORE,
  /** A builder that misbehaves. */
  BUILDER,
  /** Snapshots every few hundred entries, so that nodes are sent them. */
  SNAPSHOTS;

  /** Why this machine does not have it; empty where it does. */
  public Optional<String> missing() {
    return switch (this) {
      case LINKS -> Namespaces.missing();
      case CLOCKS ->
          WallClock.library().isPresent() ? Optional.empty() : Optional.of("no libfaketime");
      case TRACING -> root().or(() -> tool("strace")).or(() -> refused("strace -o /dev/null true"));
      case POWER ->
          root()
              .or(() -> tool("mkfs.xfs"))
              .or(() -> tool("xfs_io"))
              .or(() -> refused("losetup -f"));
      case SMALL_DISK -> root().or(() -> tool("mount"));
      case SLOW_LINES, OBJECT_STORE, BUILDER, SNAPSHOTS -> Optional.empty();
    };
  }

  private static Optional<String> root() {
    return "root".equals(System.getProperty("user.name"))
        ? Optional.empty()
        : Optional.of("it takes root");
  }

  /** Root in a container may not be allowed to. */
  private static Optional<String> refused(String command) {
    try {
      String unused = Shell.run(command);
      return Optional.empty();
    } catch (RuntimeException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private static Optional<String> tool(String name) {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return Stream.of(path.split(":", -1)).anyMatch(in -> Files.isExecutable(Path.of(in, name)))
        ? Optional.empty()
        : Optional.of("no " + name);
  }
}
