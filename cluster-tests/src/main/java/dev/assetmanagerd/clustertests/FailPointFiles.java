package dev.assetmanagerd.clustertests;

import dev.assetmanagerd.process.FailPoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Orders to one node to fail at named steps, as files. Thread-safe. */
final class FailPointFiles {
  private final Path directory;
  private final Path unfinished;

  /**
   * Orders for one node.
   *
   * @param nodeDirectory where directories for them are made
   */
  FailPointFiles(Path nodeDirectory) {
    this.directory = nodeDirectory.resolve("failpoints");
    this.unfinished = nodeDirectory.resolve("failpoints.unfinished");
  }

  /** The directory that the node has to be started with; exists after this. */
  Path create() {
    try {
      Files.createDirectories(unfinished);
      return Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void order(FailPoint point, FailAction action) {
    try {
      Files.deleteIfExists(mark(point));
      Path order = Files.writeString(unfinished.resolve(point.id()), action.order());
      Files.move(order, directory.resolve(point.id()), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void clear(FailPoint point) {
    try {
      Files.deleteIfExists(directory.resolve(point.id()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean isHit(FailPoint point) {
    return Files.exists(mark(point));
  }

  private Path mark(FailPoint point) {
    return directory.resolve(point.id() + ".hit");
  }
}
