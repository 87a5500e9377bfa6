package dev.assetmanagerd.storage.blob;

import dev.assetmanagerd.storage.file.StaleHandles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Goes through the content-addressed files under a root, one of the 256 directories at a time. */
final class ShardListing {
  private static final Pattern SHARD = Pattern.compile("[0-9a-f]{2}");

  private ShardListing() {}

  /** Errors on the way come as {@link UncheckedIOException}. */
  @SuppressWarnings("StreamResourceLeak") // the caller closes it
  static Stream<BlobStat> of(Path root) throws IOException {
    return StaleHandles.retrying(() -> Files.list(root))
        .filter(shard -> SHARD.matcher(name(shard)).matches())
        .filter(shard -> Files.isDirectory(shard, LinkOption.NOFOLLOW_LINKS))
        .flatMap(ShardListing::files)
        .flatMap(file -> stat(file).stream());
  }

  @SuppressWarnings("StreamResourceLeak") // flatMap closes it
  private static Stream<Path> files(Path shard) {
    try {
      return StaleHandles.retrying(() -> Files.list(shard))
          .filter(file -> Sha256.isFileName(name(file)))
          .filter(file -> name(file).startsWith(name(shard)));
    } catch (NoSuchFileException e) {
      return Stream.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<BlobStat> stat(Path file) {
    try {
      BasicFileAttributes attributes =
          StaleHandles.retrying(
              () ->
                  Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
      return attributes.isRegularFile()
          ? Optional.of(
              new BlobStat(
                  name(file).substring(0, 2) + "/" + name(file),
                  attributes.size(),
                  attributes.lastModifiedTime().toInstant()))
          : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty(); // deleted since it was listed
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }
}
