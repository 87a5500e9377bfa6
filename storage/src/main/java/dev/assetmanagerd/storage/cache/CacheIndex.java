package dev.assetmanagerd.storage.cache;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.file.DurableFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The file that tells, after a restart, which files of a cache were verified and when each was last
 * used. It is only a help: without it all files are verified again when they are needed, so it is
 * written now and then, and one that is cut short or cannot be read counts as none.
 *
 * <p>One line per file: digest, size, modification time in nanoseconds, last use in milliseconds;
 * the last line says how many there are.
 */
final class CacheIndex {
  private static final String HEADER = "assetmanagerd cache 1";
  private static final String END = "end ";

  private final Path file;
  private final Path temporary;

  CacheIndex(Path file) {
    this.file = file;
    this.temporary = file.resolveSibling(file.getFileName() + ".new");
  }

  /** What is known of one file. */
  record Line(Sha256 digest, long sizeBytes, long modifiedNanos, long lastUseMillis) {
    private String text() {
      return digest + " " + sizeBytes + " " + modifiedNanos + " " + lastUseMillis;
    }

    private static Line parse(String text) {
      String[] words = text.split(" ", -1);
      if (words.length != 4) {
        throw new IllegalArgumentException("no line of an index: " + text);
      }
      return new Line(
          new Sha256(words[0]),
          Long.parseLong(words[1]),
          Long.parseLong(words[2]),
          Long.parseLong(words[3]));
    }
  }

  /** By digest; empty when there is no index that can be relied on. */
  Map<Sha256, Line> read() throws IOException {
    try (BufferedReader reader = Files.newBufferedReader(file, US_ASCII)) {
      return read(reader);
    } catch (NoSuchFileException | java.nio.charset.CharacterCodingException e) {
      return Map.of();
    } catch (IllegalArgumentException e) {
      return Map.of();
    }
  }

  private static Map<Sha256, Line> read(BufferedReader reader) throws IOException {
    Map<Sha256, Line> lines = new HashMap<>();
    if (!HEADER.equals(reader.readLine())) {
      return Map.of();
    }
    for (String text = reader.readLine(); text != null; text = reader.readLine()) {
      if (text.startsWith(END)) {
        return text.equals(END + lines.size()) ? lines : Map.of();
      }
      Line line = Line.parse(text);
      lines.put(line.digest(), line);
    }
    return Map.of();
  }

  /** Replaces the index as a whole. */
  void write(List<Line> lines) throws IOException {
    try (Writer writer = Files.newBufferedWriter(temporary, US_ASCII)) {
      writer.write(HEADER + "\n");
      for (Line line : lines) {
        writer.write(line.text() + "\n");
      }
      writer.write(END + lines.size() + "\n");
    }
    DurableFiles.syncFile(temporary);
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
