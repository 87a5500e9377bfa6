package dev.assetmanagerd.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where backups are, as people write it: {@code file:///directory} or {@code s3://bucket/prefix}.
 *
 * @param text as it was written
 * @param directory absolute; empty for a bucket
 * @param bucket its name; empty for a directory
 * @param key of what is in the bucket, without slashes at its ends; never empty for a bucket
 */
public record BackupLocation(
    String text, Optional<Path> directory, Optional<String> bucket, String key) {
  private static final String FILE = "file://";
  private static final String S3 = "s3://";

  static final OptionType<BackupLocation> TYPE =
      new OptionType<>(
          "URL",
          "file:// and an absolute path, or s3://BUCKET/PREFIX with a prefix of plain names",
          BackupLocation::parse);

  /** Whether a text says by itself that it is such a location. */
  public static boolean isLocation(String text) {
    return text.startsWith(FILE) || text.startsWith(S3);
  }

  /**
   * Reads a location.
   *
   * @throws IllegalArgumentException when it is none
   */
  public static BackupLocation parse(String text) {
    if (text.startsWith(FILE)) {
      Path path = OptionTypes.PATH.parse(text.substring(FILE.length()));
      return new BackupLocation(text, Optional.of(path), Optional.empty(), "");
    }
    OptionTypes.require(text.startsWith(S3));
    String path = text.substring(S3.length());
    int slash = path.indexOf('/');
    OptionTypes.require(slash > 0);
    String key = OptionTypes.KEY_PREFIX.parse(path.substring(slash + 1));
    OptionTypes.require(!key.isEmpty());
    return new BackupLocation(text, Optional.empty(), Optional.of(path.substring(0, slash)), key);
  }

  @Override
  public String toString() {
    return text;
  }
}
