package dev.assetmanagerd.storage.blob;

import dev.assetmanagerd.storage.file.DurableFiles;
import dev.assetmanagerd.storage.file.StaleHandles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Parts as the files {@code .uploads/UPLOAD/PART} of a store's directory.
 *
 * <p>A part comes into being as a blob does: by a rename of a flushed file, followed by a flush of
 * the directory, and of those above it where they are new. The time of an upload's directory is
 * that of the last rename into it, by the file server's clock.
 */
final class SharedDirectoryBlobParts implements BlobParts {
  static final String NAME = ".uploads";

  private static final Pattern ULID = Pattern.compile("[0-9A-HJKMNP-TV-Z]{26}");

  private final Path root;
  private final Path uploads;
  private final StaleHandles.IoAction requirePresent;

  /**
   * @param realRoot of the store, without symbolic links
   * @param requirePresent throws where the store is not there, so that it is not created anew
   */
  SharedDirectoryBlobParts(Path realRoot, StaleHandles.IoAction requirePresent) {
    this.root = realRoot;
    this.uploads = realRoot.resolve(NAME);
    this.requirePresent = requirePresent;
  }

  @Override
  public void putPart(String uploadId, String partId, Path staged, Sha256 digest, long sizeBytes)
      throws IOException {
    try {
      Path directory = directory(uploadId);
      Path target = directory.resolve(ulid(partId));
      requirePresent.run();
      SharedDirectoryBlobStore.requireWhole(staged, sizeBytes);
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        throw new FileAlreadyExistsException(target.toString());
      }
      DurableFiles.setPermissions(staged, "r--r--r--");
      DurableFiles.syncFile(staged);
      makeDirectory(uploads, root);
      makeDirectory(directory, uploads);
      StaleHandles.retryingAction(() -> SharedDirectoryBlobStore.rename(staged, target, sizeBytes));
      StaleHandles.retryingAction(() -> DurableFiles.syncDirectory(directory));
    } finally {
      SharedDirectoryBlobStore.discard(staged);
    }
  }

  @Override
  public ReadableByteChannel openPart(String uploadId, String partId) throws IOException {
    Path directory = directory(uploadId);
    Path file = directory.resolve(ulid(partId));
    if (!isDirectory(uploads) || !isDirectory(directory)) {
      requirePresent.run();
      throw new NoSuchFileException(file.toString());
    }
    return StaleHandles.retrying(
        () -> FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
  }

  @Override
  public void deleteParts(String uploadId) throws IOException {
    Path directory = directory(uploadId);
    requirePresent.run();
    if (!isDirectory(uploads) || !isDirectory(directory)) {
      return;
    }
    try {
      StaleHandles.retryingAction(() -> deleteFiles(directory));
      StaleHandles.retryingAction(() -> Files.deleteIfExists(directory));
    } catch (NoSuchFileException e) {
      // Somebody else has deleted it meanwhile.
    } catch (DirectoryNotEmptyException e) {
      // A part came in between. Whoever looks for uploads with parts finds it.
    }
  }

  @Override
  @SuppressWarnings("StreamResourceLeak") // the caller closes it
  public Stream<Upload> listUploads() throws IOException {
    requirePresent.run();
    if (!isDirectory(uploads)) {
      return Stream.empty();
    }
    return StaleHandles.retrying(() -> Files.list(uploads))
        .filter(directory -> ULID.matcher(name(directory)).matches())
        .filter(SharedDirectoryBlobParts::isDirectory)
        .flatMap(directory -> upload(directory).stream());
  }

  private static Optional<Upload> upload(Path directory) {
    try {
      return Optional.of(
          new Upload(
              name(directory),
              StaleHandles.retrying(
                  () ->
                      Files.getLastModifiedTime(directory, LinkOption.NOFOLLOW_LINKS)
                          .toInstant())));
    } catch (NoSuchFileException e) {
      return Optional.empty(); // deleted since it was listed
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void deleteFiles(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /**
   * Flushes the directory above even where another node was faster: it may not have come so far.
   */
  private static void makeDirectory(Path directory, Path above) throws IOException {
    if (isDirectory(directory)) {
      return;
    }
    try {
      Files.createDirectory(directory);
    } catch (FileAlreadyExistsException e) {
      if (!isDirectory(directory)) {
        throw e;
      }
    }
    StaleHandles.retryingAction(() -> DurableFiles.syncDirectory(above));
  }

  private static boolean isDirectory(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  private Path directory(String uploadId) {
    return uploads.resolve(ulid(uploadId));
  }

  private static String ulid(String id) {
    if (!ULID.matcher(id).matches()) {
      throw new IllegalArgumentException("an id of " + id.length() + " characters is no ULID");
    }
    return id;
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }
}
