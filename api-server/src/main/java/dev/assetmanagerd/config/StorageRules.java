package dev.assetmanagerd.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What has to hold between options of the store. */
final class StorageRules {
  static final List<Option<?>> S3 = List.of(StorageOptions.STORAGE_BACKEND, S3Options.S3_BUCKET);
  static final List<Option<?>> KEYS =
      List.of(
          StorageOptions.STORAGE_BACKEND,
          BackupOptions.BACKUP_LOCATION,
          S3Options.S3_ACCESS_KEY_ID,
          S3Options.S3_SECRET_ACCESS_KEY,
          S3Options.S3_ACCESS_KEY_ID_FILE,
          S3Options.S3_SECRET_ACCESS_KEY_FILE);

  private static final int MAX_KEY_BYTES = 4096;

  private StorageRules() {}

  static Stream<String> nfs(Values values) {
    return values.get(StorageOptions.STORAGE_BACKEND) == StorageKind.NFS
        ? needs(values, "nfs", StorageOptions.NFS_PATH)
        : Stream.empty();
  }

  static Stream<String> s3(Values values) {
    return values.get(StorageOptions.STORAGE_BACKEND) == StorageKind.S3
        ? needs(values, "s3", S3Options.S3_BUCKET)
        : Stream.empty();
  }

  private static Stream<String> needs(Values values, String kind, Option<?> option) {
    return values.find(option).isPresent()
        ? Stream.empty()
        : Stream.of(
            StorageOptions.STORAGE_BACKEND.variable()
                + " is "
                + kind
                + ", which needs "
                + option.variable());
  }

  /** Half a key would make the SDK look for another one, and nobody would know which is used. */
  static Stream<String> keys(Values values) {
    if (!usesBucket(values)) {
      return Stream.empty();
    }
    List<String> problems = new ArrayList<>();
    boolean id =
        given(values, S3Options.S3_ACCESS_KEY_ID, S3Options.S3_ACCESS_KEY_ID_FILE, problems);
    boolean secret =
        given(
            values, S3Options.S3_SECRET_ACCESS_KEY, S3Options.S3_SECRET_ACCESS_KEY_FILE, problems);
    if (id != secret) {
      Option<?> there = id ? S3Options.S3_ACCESS_KEY_ID : S3Options.S3_SECRET_ACCESS_KEY;
      Option<?> missing = id ? S3Options.S3_SECRET_ACCESS_KEY : S3Options.S3_ACCESS_KEY_ID;
      problems.add(
          "%s, or its file, is set, which needs %s, or its file"
              .formatted(there.variable(), missing.variable()));
    }
    return problems.stream();
  }

  /** Whether blobs or backups are in an object store. */
  private static boolean usesBucket(Values values) {
    return values.get(StorageOptions.STORAGE_BACKEND) == StorageKind.S3
        || values.find(BackupOptions.BACKUP_LOCATION).flatMap(BackupLocation::bucket).isPresent();
  }

  private static boolean given(
      Values values, Option<Secret> text, Option<Path> file, List<String> problems) {
    Optional<Path> path = values.find(file);
    if (path.isPresent() && values.find(text).isPresent()) {
      problems.add("%s and %s are both set".formatted(text.variable(), file.variable()));
    }
    path.flatMap(p -> unreadable(p, file)).ifPresent(problems::add);
    return path.isPresent() || values.find(text).isPresent();
  }

  private static Optional<String> unreadable(Path path, Option<Path> file) {
    try {
      var unused = read(path);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("%s (%s) cannot be used: %s".formatted(file.variable(), path, e));
    }
  }

  /** The key in a file, without the line break that editors put behind it. */
  private static Secret read(Path path) throws IOException {
    if (Files.size(path) > MAX_KEY_BYTES) {
      throw new IOException("it has more than " + MAX_KEY_BYTES + " bytes");
    }
    String text = Files.readString(path).strip();
    if (text.isEmpty() || text.chars().anyMatch(Character::isISOControl)) {
      throw new IOException("it does not hold one line of printable text");
    }
    return new Secret(text);
  }

  /** The value of an option, or what its file holds; the rules have been checked. */
  static Optional<Secret> secret(Values values, Option<Secret> text, Option<Path> file) {
    if (!usesBucket(values)) {
      return values.find(text); // nobody has looked at the file then, nor is going to
    }
    return values.find(text).or(() -> values.find(file).map(StorageRules::readChecked));
  }

  private static Secret readChecked(Path path) {
    try {
      return read(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Stream<String> sizes(Values values) {
    long asset = values.get(StorageOptions.MAX_ASSET_SIZE);
    long cache = values.get(StorageOptions.MAX_CACHE_SIZE);
    boolean cached =
        values.get(StorageOptions.STORAGE_BACKEND) != StorageKind.LOCAL
            || !values.get(StorageOptions.HTTP_SOURCE_HOSTS).isEmpty();
    return !cached || asset <= cache
        ? Stream.empty()
        : Stream.of(
            "%s (%d) has to be at most %s (%d), or the largest assets could not be used"
                .formatted(
                    StorageOptions.MAX_ASSET_SIZE.variable(),
                    asset,
                    StorageOptions.MAX_CACHE_SIZE.variable(),
                    cache));
  }

  /** The directory of the blobs, with the variable that names it; none for an object store. */
  static Optional<Map.Entry<String, Path>> root(Values values) {
    return switch (values.get(StorageOptions.STORAGE_BACKEND)) {
      case LOCAL ->
          Optional.of(
              Map.entry(
                  StorageOptions.LOCAL_STORAGE_PATH.variable(),
                  values.get(StorageOptions.LOCAL_STORAGE_PATH)));
      case NFS ->
          values
              .find(StorageOptions.NFS_PATH)
              .map(path -> Map.entry(StorageOptions.NFS_PATH.variable(), path));
      case S3 -> Optional.empty();
    };
  }
}
