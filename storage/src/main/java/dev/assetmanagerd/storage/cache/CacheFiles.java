package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.file.DurableFiles;
import dev.assetmanagerd.storage.file.Preallocation;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of a cache.
 *
 * <pre>
 *   ab/abcd…            verified blobs, mode 0444
 *   partial/            on their way in, or out; deleted at the next start
 *   quarantine/         files whose bytes were wrong, for people to look at
 *   index               see {@link CacheIndex}
 *   lock                held by the one process that uses the directory
 * </pre>
 *
 * <p>Files are moved and unlinked, never changed: jails may have hard links to them. Thread-safe.
 */
final class CacheFiles implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CacheFiles.class);

  private final Path root;
  private final Path partial;
  private final Path quarantine;
  private final FileChannel lockFile;
  private final AtomicLong names = new AtomicLong();

  private CacheFiles(Path root, FileChannel lockFile) {
    this.root = root;
    this.partial = root.resolve("partial");
    this.quarantine = root.resolve("quarantine");
    this.lockFile = lockFile;
  }

  /** A file under its digest, as found. */
  record Found(Sha256 digest, long sizeBytes, long modifiedNanos) {}

  /**
   * Opens the directory, tries a write in it, and deletes what a dead process has left half-done.
   *
   * @throws BlobStoreUnavailableException when it cannot be used, or another process uses it
   */
  static CacheFiles open(Path directory) throws BlobStoreUnavailableException {
    Path root = directory.toAbsolutePath().normalize();
    try {
      Files.createDirectories(root);
      CacheFiles files = new CacheFiles(root, locked(root));
      try {
        Files.createDirectories(files.partial);
        Files.createDirectories(files.quarantine);
        files.clearPartial();
        files.probe();
        return files;
      } catch (IOException | RuntimeException e) {
        files.close();
        throw e;
      }
    } catch (BlobStoreUnavailableException e) {
      throw e;
    } catch (IOException e) {
      throw new BlobStoreUnavailableException(root, e.toString(), e);
    }
  }

  private static FileChannel locked(Path root) throws IOException {
    FileChannel channel =
        FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // held by this very process
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    throw new BlobStoreUnavailableException(root, "another process uses it as its cache", null);
  }

  private void probe() throws IOException {
    Path probe = newPartial();
    try {
      Files.writeString(probe, "probe");
    } finally {
      Files.deleteIfExists(probe);
    }
  }

  private void clearPartial() throws IOException {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(partial)) {
      for (Path file : left) {
        Files.delete(file);
      }
    }
  }

  CacheIndex index() {
    return new CacheIndex(root.resolve("index"));
  }

  Path directory() {
    return root;
  }

  Path path(Sha256 digest) {
    return root.resolve(digest.location());
  }

  /** All files under digests; whatever else is in the directory is left alone. */
  List<Found> scan() throws IOException {
    List<Found> found = new ArrayList<>();
    try (DirectoryStream<Path> shards = Files.newDirectoryStream(root, "[0-9a-f][0-9a-f]")) {
      for (Path shard : shards) {
        scan(shard, found);
      }
    }
    return found;
  }

  private void scan(Path shard, List<Found> found) throws IOException {
    if (!Files.isDirectory(shard, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(shard)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        BasicFileAttributes attributes = attributes(file);
        if (name.matches("[0-9a-f]{64}")
            && path(new Sha256(name)).equals(file)
            && attributes.isRegularFile()) {
          found.add(new Found(new Sha256(name), attributes.size(), modifiedNanos(attributes)));
        } else {
          log.warn("{} is no file of the cache; it is left alone and not counted", file);
        }
      }
    }
  }

  /** An empty new file, readable and writable by its owner alone. */
  Path newPartial() throws IOException {
    Path file = partial.resolve(Long.toString(names.incrementAndGet()));
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    return file;
  }

  /**
   * A new file of a size, its blocks set aside where the file system can.
   *
   * @throws CacheDiskException when the disk has not got that much left
   */
  Path newPartial(long sizeBytes) throws IOException {
    Path file = null;
    try {
      file = newPartial();
      if (!Preallocation.allocate(file, sizeBytes)) {
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
          sparse.setLength(sizeBytes);
        }
      }
      return file;
    } catch (IOException e) {
      if (file != null) {
        discard(file);
      }
      throw new CacheDiskException("cannot make a file of " + sizeBytes + " bytes", e);
    }
  }

  /** Flushes a complete file and makes it read-only for everybody. */
  void seal(Path file) throws IOException {
    DurableFiles.setPermissions(file, "r--r--r--");
    DurableFiles.syncFile(file);
  }

  /**
   * Gives a sealed file its name; it replaces what may be there. Makes no promise of durability.
   */
  long publish(Path sealed, Sha256 digest) throws IOException {
    Path target = path(digest);
    Files.createDirectories(target.resolveSibling(""));
    Files.move(sealed, target, StandardCopyOption.ATOMIC_MOVE);
    return modifiedNanos(attributes(target));
  }

  /** Makes the name of a published file durable. */
  void syncName(Sha256 digest) throws IOException {
    DurableFiles.syncDirectory(path(digest).resolveSibling(""));
  }

  /** Takes a file's name away; the answer is to be {@linkplain #discard discarded}. */
  Path takeOut(Sha256 digest) throws IOException {
    Path gone = partial.resolve(names.incrementAndGet() + ".out");
    Files.move(path(digest), gone, StandardCopyOption.ATOMIC_MOVE);
    return gone;
  }

  /** Moves a file aside, where it is kept for people to look at. */
  void quarantine(Sha256 digest, long nowMillis) throws IOException {
    Path target = quarantine.resolve(digest + "." + nowMillis + "." + names.incrementAndGet());
    Files.move(path(digest), target, StandardCopyOption.ATOMIC_MOVE);
  }

  /** What is set aside, the oldest first, and whatever else people have put there. */
  List<Path> quarantined() throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(quarantine)) {
      all.forEach(files::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    files.sort(Comparator.comparing(CacheFiles::setAside).thenComparing(Path::toString));
    return files;
  }

  private static String setAside(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.substring(Math.min(name.length(), name.indexOf('.') + 1));
  }

  long modifiedNanos(Sha256 digest, long sizeBytes) throws IOException {
    BasicFileAttributes attributes = attributes(path(digest));
    if (!attributes.isRegularFile() || attributes.size() != sizeBytes) {
      return Long.MIN_VALUE;
    }
    return modifiedNanos(attributes);
  }

  FileChannel openToRead(Sha256 digest) throws IOException {
    return FileChannel.open(
        path(digest), Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
  }

  /** Deletes a file that nobody needs; one that stays is deleted at the next start. */
  void discard(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      log.warn("cannot delete {}: {}", file, e.toString());
    }
  }

  static long sizeOf(Path file) throws IOException {
    try {
      return attributes(file).size();
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  private static BasicFileAttributes attributes(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  private static long modifiedNanos(BasicFileAttributes attributes) {
    return attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS);
  }

  @Override
  public void close() {
    try {
      lockFile.close();
    } catch (IOException e) {
      log.warn("cannot unlock {}: {}", root, e.toString());
    }
  }
}
