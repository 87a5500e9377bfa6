package dev.assetmanagerd.backup;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.registry.BlobRef;
import dev.assetmanagerd.registry.RegistryView;
import dev.assetmanagerd.registry.StoredBlob;
import dev.assetmanagerd.storage.blob.Hashing;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Locale;

/**
 * The list of blobs that a registry refers to: one JSON object a line, in the order of locations.
 * The same registry gives the same bytes.
 */
final class BlobList {
  private static final String PREFIX = "STORAGE_BACKEND_";

  private BlobList() {}

  /** What was written. */
  record Written(BackupManifest.Part part, long count) {}

  /** Takes a line; may fail. */
  @FunctionalInterface
  interface Reader {
    void accept(StoredBlob blob) throws IOException;
  }

  static Written write(RegistryView view, OutputStream out) throws IOException {
    MessageDigest digest = Hashing.newSha256();
    Counting counting = new Counting(new DigestOutputStream(out, digest));
    BufferedWriter writer =
        new BufferedWriter(new OutputStreamWriter(counting, StandardCharsets.UTF_8), 64 << 10);
    long[] count = {0};
    try {
      view.eachStored(
          blob -> {
            count[0]++;
            writeLine(writer, blob);
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    writer.flush();
    return new Written(
        new BackupManifest.Part(counting.count(), Hashing.finish(digest).hex()), count[0]);
  }

  private static void writeLine(BufferedWriter writer, StoredBlob blob) {
    JsonObject line = new JsonObject();
    line.addProperty(
        "backend",
        blob.blob().backend().name().substring(PREFIX.length()).toLowerCase(Locale.ROOT));
    line.addProperty("location", blob.blob().location());
    line.addProperty("sha256", blob.checksum());
    line.addProperty("size_bytes", blob.sizeBytes());
    try {
      writer.write(BackupJson.LINE.toJson(line));
      writer.write('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Hands over all lines of a list, one at a time. */
  static void read(Path file, Reader reader) throws IOException {
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        reader.accept(parse(line));
      }
    }
  }

  private static StoredBlob parse(String line) throws BadBackupException {
    try {
      JsonObject json = JsonParser.parseString(line).getAsJsonObject();
      String backend = json.get("backend").getAsString().toUpperCase(Locale.ROOT);
      return new StoredBlob(
          new BlobRef(StorageBackend.valueOf(PREFIX + backend), json.get("location").getAsString()),
          json.get("sha256").getAsString(),
          json.get("size_bytes").getAsLong());
    } catch (JsonParseException | IllegalStateException | IllegalArgumentException e) {
      throw new BadBackupException(
          "the backup is damaged: a line of " + BackupEntries.BLOBS + " cannot be read", e);
    }
  }
}
