package dev.assetmanagerd.clustertests;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The files of a node that does not run, and what a bad disk or a careless hand does to them. */
public final class NodeFiles {
  private static final int PAGE_BYTES = 4096;

  private final Path data;

  public NodeFiles(Node node) {
    this.data = node.dataDirectory();
  }

  public Path openSegment() throws IOException {
    return only(path -> name(path).startsWith("log_inprogress_"));
  }

  public Path closedSegment() throws IOException {
    return only(path -> name(path).matches("log_\\d+-\\d+"));
  }

  public Path snapshot() throws IOException {
    return only(path -> name(path).matches("snapshot\\.\\d+_\\d+"));
  }

  public Path databaseDirectory() {
    return data.resolve("db");
  }

  public Path database() {
    return databaseDirectory().resolve("registry.db");
  }

  public void cutInHalf(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(written(file) / 2);
    }
  }

  public void flipABit(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int at = (int) written(file) / 2;
    overwrite(file, at, new byte[] {(byte) (bytes[at] ^ 4)});
  }

  /** What is in the write-ahead log would cover it; so that is brought into the file first. */
  public void spoilPages() throws IOException, SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database());
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    byte[] pages = new byte[4 * PAGE_BYTES];
    Arrays.fill(pages, (byte) 0x5a);
    overwrite(database(), PAGE_BYTES, pages);
  }

  public void replaceIn(Path file, String text, String by) throws IOException {
    Files.writeString(file, Files.readString(file).replace(text, by));
  }

  public Path marker() {
    return data.resolve("node.json");
  }

  public Path raft() {
    return data.resolve("raft");
  }

  public void deleteAll() throws IOException {
    delete(data);
  }

  public void delete(Path directory) throws IOException {
    try (Stream<Path> below = Files.walk(directory)) {
      for (Path path : below.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static void overwrite(Path file, long at, byte[] bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), at);
    }
  }

  /** Without the zeros at the end. */
  private static long written(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] == 0) {
      end--;
    }
    return end;
  }

  private Path only(Predicate<Path> which) throws IOException {
    try (Stream<Path> files = Files.walk(data)) {
      return files
          .filter(path -> !path.toString().contains("set-aside-"))
          .filter(which)
          .findFirst()
          .orElseThrow(() -> new IllegalStateException("no such file in " + data));
    }
  }

  private static String name(Path path) {
    return path.getFileName().toString();
  }
}
