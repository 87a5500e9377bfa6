package dev.assetmanagerd.olddaemon;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The file of a database and what SQLite keeps beside it. Never written to: with a write-ahead log
 * or a rollback journal beside it, the database is brought to its last commit in a copy.
 */
final class SourceFiles implements AutoCloseable {
  private static final byte[] MAGIC = "SQLite format 3\0".getBytes(StandardCharsets.US_ASCII);
  private static final List<String> BESIDE = List.of("-wal", "-journal");

  private final Path file;
  private final List<String> before;
  private final Optional<Path> copy;

  private SourceFiles(Path file, List<String> before, Optional<Path> copy) {
    this.file = file;
    this.before = before;
    this.copy = copy;
  }

  static SourceFiles of(Path given) throws OldDatabaseException, IOException {
    requireDatabase(given);
    Path file = given.toRealPath();
    List<String> before = state(file);
    boolean committedInOne = true;
    for (String suffix : BESIDE) {
      Path beside = beside(file, suffix);
      committedInOne &= !Files.exists(beside) || Files.size(beside) == 0;
    }
    if (committedInOne) {
      return new SourceFiles(file, before, Optional.empty());
    }
    Path directory = Files.createTempDirectory("assetmanagerd-import");
    SourceFiles files = new SourceFiles(file, before, Optional.of(directory));
    try {
      Files.copy(file, files.readable());
      for (String suffix : BESIDE) {
        if (Files.exists(beside(file, suffix))) {
          Files.copy(beside(file, suffix), beside(files.readable(), suffix));
        }
      }
      files.checkUnchanged();
    } catch (IOException | OldDatabaseException e) {
      files.close();
      throw e;
    }
    return files;
  }

  private static void requireDatabase(Path file) throws OldDatabaseException, IOException {
    if (!Files.exists(file)) {
      throw new OldDatabaseException(file + " does not exist");
    }
    if (!Files.isRegularFile(file)) {
      throw new OldDatabaseException(file + " is not a file");
    }
    try (InputStream input = Files.newInputStream(file)) {
      if (!Arrays.equals(input.readNBytes(MAGIC.length), MAGIC)) {
        throw new OldDatabaseException(file + " is not a SQLite database");
      }
    }
  }

  /** The database to open. */
  Path readable() {
    return copy.map(directory -> directory.resolve("assets.db")).orElse(file);
  }

  /** Whether it is a copy, which may be recovered and written to. */
  boolean isCopy() {
    return copy.isPresent();
  }

  /** Fails where somebody has written to the files since they were opened. */
  void checkUnchanged() throws OldDatabaseException, IOException {
    if (!state(file).equals(before)) {
      throw new OldDatabaseException(
          file + " was written to while it was read; stop the old daemon, and import again");
    }
  }

  private static List<String> state(Path file) throws IOException {
    List<String> state = new ArrayList<>();
    for (String suffix : List.of("", "-wal", "-journal")) {
      try {
        BasicFileAttributes attributes =
            Files.readAttributes(beside(file, suffix), BasicFileAttributes.class);
        state.add(
            attributes.fileKey() + " " + attributes.size() + " " + attributes.lastModifiedTime());
      } catch (NoSuchFileException e) {
        state.add("none");
      }
    }
    return state;
  }

  private static Path beside(Path file, String suffix) {
    return file.resolveSibling(file.getFileName() + suffix);
  }

  @Override
  public void close() throws IOException {
    if (copy.isEmpty()) {
      return;
    }
    try (var files = Files.newDirectoryStream(copy.get())) {
      for (Path left : files) {
        Files.delete(left);
      }
    }
    Files.delete(copy.get());
  }
}
