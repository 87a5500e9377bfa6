package dev.assetmanagerd.backup;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A directory for one job, which goes with its end. */
final class BackupWork implements AutoCloseable {
  private final Path directory;

  private BackupWork(Path directory) {
    this.directory = directory;
  }

  /** Begins a job in a directory below {@code root}, which is made where it is missing. */
  static BackupWork in(Path root) throws IOException {
    Files.createDirectories(root);
    return new BackupWork(Files.createTempDirectory(root, "job-"));
  }

  /** Removes what jobs of an earlier process have left. */
  static void clear(Path root) throws IOException {
    if (!Files.isDirectory(root)) {
      return;
    }
    try (DirectoryStream<Path> left = Files.newDirectoryStream(root, "job-*")) {
      for (Path job : left) {
        delete(job);
      }
    }
  }

  Path directory() {
    return directory;
  }

  /** A directory of its own for a part of the job. */
  Path part(String name) throws IOException {
    return Files.createDirectory(directory.resolve(name));
  }

  @Override
  public void close() throws IOException {
    delete(directory);
  }

  static void delete(Path root) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(root)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) {
      Files.deleteIfExists(file);
    }
  }
}
