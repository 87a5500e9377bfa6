package dev.assetmanagerd.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/** Remembers, in a file of one line, which upload a command has begun. */
record UploadState(Path path) {
  private static final int MAX_BYTES = 256;

  /** Id of the upload; empty where none was begun. */
  Optional<String> read() throws IOException {
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw new IOException(path + " has no upload's id in it; it belongs to something else");
      }
      String id = Files.readString(path, StandardCharsets.UTF_8).trim();
      return id.isEmpty() ? Optional.empty() : Optional.of(id);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  void write(String uploadId) throws IOException {
    Path whole = path.resolveSibling(path.getFileName() + ".new");
    Files.writeString(whole, uploadId + "\n");
    Files.move(whole, path, StandardCopyOption.ATOMIC_MOVE);
  }

  void delete() throws IOException {
    Files.deleteIfExists(path);
  }
}
