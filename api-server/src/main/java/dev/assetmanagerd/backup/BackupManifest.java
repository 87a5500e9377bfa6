package dev.assetmanagerd.backup;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.assetmanagerd.registry.FormatLevels;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryCounts;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.regex.Pattern;

/**
 * What a backup says of itself, in its first entry.
 *
 * @param id a ULID, by which the cluster knows the backup
 * @param clusterId name of the cluster
 * @param lineage which of the cluster's lives it is of; empty for the first
 * @param formatLevel of the registry
 * @param position in the log that the registry stands at
 * @param createdAt wall time of the node that made it, for people
 * @param programVersion of that node
 * @param stateHash of the registry, lower-case hexadecimal
 * @param counts of what is in it
 * @param registry the registry's file
 * @param blobs the list of blobs that the registry refers to
 * @param blobCount lines of that list
 */
public record BackupManifest(
    String id,
    String clusterId,
    String lineage,
    int formatLevel,
    LogPosition position,
    Instant createdAt,
    String programVersion,
    String stateHash,
    RegistryCounts counts,
    Part registry,
    Part blobs,
    long blobCount) {
  /** Of the file: what its entries are and what they mean. */
  static final int FORMAT = 1;

  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  /**
   * An entry of the file.
   *
   * @param sizeBytes its size
   * @param sha256 lower-case hexadecimal
   */
  public record Part(long sizeBytes, String sha256) {}

  /** As it is written: JSON, for people too. */
  byte[] toBytes() {
    JsonObject json = new JsonObject();
    json.addProperty("format", FORMAT);
    json.addProperty("id", id);
    json.addProperty("cluster_id", clusterId);
    json.addProperty("lineage", lineage);
    json.addProperty("format_level", formatLevel);
    json.addProperty("log_term", position.term());
    json.addProperty("log_index", position.index());
    json.addProperty("created_at", createdAt.toString());
    json.addProperty("program_version", programVersion);
    json.addProperty("state_hash", stateHash);
    json.addProperty("assets", counts.assets());
    json.addProperty("leases", counts.leases());
    json.addProperty("sessions", counts.sessions());
    json.addProperty("blobs", blobCount);
    json.add(BackupEntries.REGISTRY, json(registry));
    json.add(BackupEntries.BLOBS, json(blobs));
    return (BackupJson.PRETTY.toJson(json) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static JsonObject json(Part part) {
    JsonObject json = new JsonObject();
    json.addProperty("size_bytes", part.sizeBytes());
    json.addProperty("sha256", part.sha256());
    return json;
  }

  /**
   * Reads what {@link #toBytes} has written.
   *
   * @throws BadBackupException when it is anything else, or for a newer program
   */
  static BackupManifest parse(byte[] bytes) throws BadBackupException {
    try {
      JsonObject json =
          JsonParser.parseString(new String(bytes, StandardCharsets.UTF_8)).getAsJsonObject();
      requireReadable(json);
      return new BackupManifest(
          text(json, "id"),
          text(json, "cluster_id"),
          text(json, "lineage"),
          Math.toIntExact(number(json, "format_level")),
          new LogPosition(number(json, "log_term"), number(json, "log_index")),
          Instant.parse(text(json, "created_at")),
          text(json, "program_version"),
          digest(json, "state_hash"),
          new RegistryCounts(
              number(json, "assets"), number(json, "leases"), number(json, "sessions")),
          part(json, BackupEntries.REGISTRY),
          part(json, BackupEntries.BLOBS),
          number(json, "blobs"));
    } catch (JsonParseException
        | IllegalStateException
        | UnsupportedOperationException
        | ArithmeticException
        | NumberFormatException
        | DateTimeException e) {
      throw new BadBackupException(
          "the backup is damaged: " + BackupEntries.MANIFEST + " cannot be read: " + e.getMessage(),
          e);
    }
  }

  private static void requireReadable(JsonObject json) throws BadBackupException {
    long format = number(json, "format");
    if (format != FORMAT) {
      throw new BadBackupException(
          "the backup is of format %d, but this program reads format %d; use a newer one"
              .formatted(format, FORMAT));
    }
    long level = number(json, "format_level");
    if (level < FormatLevels.BASE || level > FormatLevels.HIGHEST) {
      throw new BadBackupException(
          ("the registry in the backup is at format level %d, but this program knows levels %d to"
                  + " %d; use a newer one")
              .formatted(level, FormatLevels.BASE, FormatLevels.HIGHEST));
    }
  }

  private static Part part(JsonObject json, String name) throws BadBackupException {
    JsonObject part = json.getAsJsonObject(name);
    if (part == null) {
      throw missing(name);
    }
    long size = number(part, "size_bytes");
    if (size < 0) {
      throw new BadBackupException(
          "the backup is damaged: %s says that %s has %d bytes"
              .formatted(BackupEntries.MANIFEST, name, size));
    }
    return new Part(size, digest(part, "sha256"));
  }

  private static String digest(JsonObject json, String field) throws BadBackupException {
    String text = text(json, field);
    if (!SHA256.matcher(text).matches()) {
      throw new BadBackupException(
          "the backup is damaged: %s: %s \"%s\" is not a SHA-256 in lower-case hex"
              .formatted(BackupEntries.MANIFEST, field, text));
    }
    return text;
  }

  private static long number(JsonObject json, String field) throws BadBackupException {
    return required(json, field).getAsLong();
  }

  private static String text(JsonObject json, String field) throws BadBackupException {
    return required(json, field).getAsString();
  }

  private static JsonElement required(JsonObject json, String field) throws BadBackupException {
    JsonElement element = json.get(field);
    if (element == null || !element.isJsonPrimitive()) {
      throw missing(field);
    }
    return element;
  }

  private static BadBackupException missing(String field) {
    return new BadBackupException(
        "the backup is damaged: %s does not say %s".formatted(BackupEntries.MANIFEST, field));
  }
}
