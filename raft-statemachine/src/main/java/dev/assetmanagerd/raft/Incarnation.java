package dev.assetmanagerd.raft;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * The name of an empty data directory, kept in {@code founding.json} until its node takes part: the
 * same after a restart, another one once the directory was emptied. Not thread-safe; the caller
 * makes sure that no other process uses the directory.
 */
public final class Incarnation {
  private static final String FILE = "founding.json";
  private static final String FIELD = "incarnation";
  private static final int BYTES = 16;

  private Incarnation() {}

  /**
   * Reads the name of a directory, or gives it one. Durable when this returns.
   *
   * @throws IOException when it cannot be read or written
   */
  public static String of(Path dataDirectory) throws IOException {
    Path file = dataDirectory.resolve(FILE);
    if (Files.exists(file)) {
      return read(file);
    }
    byte[] random = new byte[BYTES];
    new SecureRandom().nextBytes(random);
    String name = HexFormat.of().formatHex(random);
    JsonObject json = new JsonObject();
    json.addProperty(FIELD, name);
    FilesDurable.write(file, json + "\n");
    return name;
  }

  private static String read(Path file) throws IOException {
    try {
      return JsonParser.parseString(Files.readString(file))
          .getAsJsonObject()
          .get(FIELD)
          .getAsString();
    } catch (JsonParseException | IllegalStateException | NullPointerException e) {
      throw new IOException(
          file + " is damaged; without other files beside it, the directory can be emptied", e);
    }
  }

  /** Whether a file of a data directory is this one, which is no data. */
  static boolean isFile(Path file) {
    return file.endsWith(FILE);
  }

  /** The name has gone into the node's own note. */
  static void forget(Path dataDirectory) throws IOException {
    Files.deleteIfExists(dataDirectory.resolve(FILE));
  }
}
