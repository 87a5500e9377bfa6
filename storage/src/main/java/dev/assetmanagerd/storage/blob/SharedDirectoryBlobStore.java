package dev.assetmanagerd.storage.blob;

import dev.assetmanagerd.storage.blob.ConfinedDirectory.Found;
import dev.assetmanagerd.storage.file.DurableFiles;
import dev.assetmanagerd.storage.file.PageCache;
import dev.assetmanagerd.storage.file.StaleHandles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blobs as files under a directory, on a local disk or on NFS, where all nodes see the same one.
 *
 * <p>A blob of ours is the file {@code ab/abcd…}, or {@code ab/abcd….2} and so on, of mode 0444. It
 * comes into being by a rename of a flushed file, followed by a flush of the directory: it is there
 * whole, and to stay, or not at all. Other files under the root can be read, and deleted, by their
 * relative path; see {@link LocationSyntax} for its form. Nothing outside the root can be reached,
 * neither by the location nor by symbolic links.
 *
 * <p>Stale NFS handles are looked up again; other I/O errors are the caller's. The root is not
 * created again when it disappears: an unmounted share is an error and not an empty store.
 */
public final class SharedDirectoryBlobStore implements BlobStore {
  private static final Logger log = LoggerFactory.getLogger(SharedDirectoryBlobStore.class);

  /** Below this age a staged file may belong to an upload that is merely slow. */
  private static final Duration MIN_LEFTOVER_AGE = Duration.ofHours(1);

  private final Path root;
  private final List<Path> rootSpellings;
  private final ConfinedDirectory tree;
  private final StagingArea staging;
  private final SharedDirectoryBlobParts parts;
  private final DirectoryQuarantine quarantine;

  /** Shards whose own directory entry is known to be on disk; at most 256. */
  private final Set<Path> durableShards = ConcurrentHashMap.newKeySet();

  private SharedDirectoryBlobStore(Path root, Path realRoot, StagingArea staging) {
    this.root = realRoot;
    this.rootSpellings = List.of(root, realRoot);
    this.tree = new ConfinedDirectory(realRoot);
    this.staging = staging;
    this.parts = new SharedDirectoryBlobParts(realRoot, this::requirePresent);
    this.quarantine = new DirectoryQuarantine(realRoot);
  }

  /**
   * Opens the store, which creates the directory where it is missing, tries a real write in it, and
   * deletes what uploads of this node have left behind. One process per node id may do that.
   *
   * @param root the directory
   * @param nodeId letters, digits, dots, dashes, at most 64
   * @throws BlobStoreUnavailableException when the directory cannot be created or written to
   */
  public static SharedDirectoryBlobStore open(Path root, String nodeId)
      throws BlobStoreUnavailableException {
    return open(root, nodeId, Optional.empty());
  }

  /**
   * As {@link #open(Path, String)}, for the nodes of one cluster alone: the directory is marked as
   * theirs, and nothing is changed in one that is marked as another's.
   *
   * @param clusterId one line of printable text
   */
  public static SharedDirectoryBlobStore open(Path root, String nodeId, String clusterId)
      throws BlobStoreUnavailableException {
    return open(root, nodeId, Optional.of(clusterId));
  }

  private static SharedDirectoryBlobStore open(Path root, String nodeId, Optional<String> clusterId)
      throws BlobStoreUnavailableException {
    Path absolute = root.toAbsolutePath().normalize();
    try {
      Files.createDirectories(absolute);
      Path realRoot = absolute.toRealPath();
      StagingArea staging = new StagingArea(realRoot, nodeId);
      Optional<StoreMarker> marker = clusterId.map(id -> new StoreMarker(realRoot, id));
      if (marker.isPresent()) {
        marker.get().check();
      }
      Files.createDirectories(staging.directory());
      staging.deleteOwn();
      staging.probe();
      if (marker.isPresent()) {
        marker.get().claim(staging);
      }
      return new SharedDirectoryBlobStore(absolute, realRoot, staging);
    } catch (FileAlreadyExistsException e) {
      throw new BlobStoreUnavailableException(absolute, e.getMessage() + " is no directory", e);
    } catch (BlobStoreUnavailableException e) {
      throw e;
    } catch (IOException e) {
      throw new BlobStoreUnavailableException(absolute, e.toString(), e);
    }
  }

  /** Parts of uploads in the same directory, in files that no location leads to. */
  public BlobParts parts() {
    return parts;
  }

  @Override
  public Path stagingDirectory() {
    return staging.directory();
  }

  @Override
  public int cleanUp(Duration olderThan) throws IOException {
    if (olderThan.compareTo(MIN_LEFTOVER_AGE) < 0) {
      throw new IllegalArgumentException(
          "files younger than " + MIN_LEFTOVER_AGE + " may be in use, asked for " + olderThan);
    }
    return staging.deleteOlderThan(olderThan);
  }

  @Override
  public Optional<BlobStat> stat(String location) throws IOException {
    String relative = LocationSyntax.relative(location, rootSpellings);
    return findFile(relative)
        .map(
            found ->
                new BlobStat(
                    relative,
                    found.attributes().size(),
                    found.attributes().lastModifiedTime().toInstant()));
  }

  @Override
  public ReadableByteChannel open(String location, long offset) throws IOException {
    if (offset < 0) {
      throw new IllegalArgumentException("offset " + offset);
    }
    return StaleHandles.retrying(() -> openFile(require(location)).position(offset));
  }

  @Override
  public Optional<Path> localFile(String location) throws IOException {
    return Optional.of(require(location));
  }

  @Override
  public void dropCached(String location) throws IOException {
    var unused = PageCache.drop(require(location));
  }

  @Override
  public void put(Path staged, String location, Sha256 digest, long sizeBytes) throws IOException {
    try {
      if (!digest.isLocation(location)) {
        throw new InvalidLocationException(location, "is no location of digest " + digest);
      }
      requirePresent();
      requireWhole(staged, sizeBytes);
      Path shard = durableShard(digest);
      Path target = shard.resolve(ConfinedDirectory.lastName(location));
      if (!StaleHandles.retrying(() -> isWhole(target, sizeBytes))) {
        publish(staged, target, sizeBytes);
      }
      // Also when it was there: another node may have renamed it and not have come this far yet.
      StaleHandles.retryingAction(() -> DurableFiles.syncDirectory(shard));
    } finally {
      discard(staged);
    }
  }

  @Override
  public boolean delete(String location) throws IOException {
    String relative = LocationSyntax.relative(location, rootSpellings);
    if (BlobCompanion.isCompanion(relative)) {
      throw new InvalidLocationException(location, "is a companion, which goes with its blob");
    }
    boolean existed = findFile(relative).isPresent();
    Optional<Found> parent = StaleHandles.retrying(() -> tree.findParent(relative));
    if (parent.isEmpty()) {
      return false;
    }
    // By name, not by what a symbolic link inside the store leads to: that may be another's blob.
    Path file = parent.get().path().resolve(ConfinedDirectory.lastName(relative));
    Path companion = file.resolveSibling(BlobCompanion.locationOf(nameOf(file)));
    // The companion first, so that a delete that is cut short is found unfinished.
    if (!Files.isDirectory(companion, LinkOption.NOFOLLOW_LINKS)) {
      StaleHandles.retrying(() -> Files.deleteIfExists(companion));
    }
    boolean deleted = existed && StaleHandles.retrying(() -> Files.deleteIfExists(file));
    StaleHandles.retryingAction(() -> DurableFiles.syncDirectory(parent.get().path()));
    return deleted;
  }

  @Override
  public boolean setAside(BlobStat wrong, boolean replaceable) throws IOException {
    Optional<Found> file = findFile(LocationSyntax.relative(wrong.location(), rootSpellings));
    return file.isPresent() && quarantine.take(file.get().path(), wrong, staging.now());
  }

  @Override
  public Stream<BlobStat> list() throws IOException {
    requirePresent();
    return ShardListing.of(root);
  }

  /** On NFS that of the server, which may be seconds behind where attributes are cached. */
  @Override
  public Instant storeTime() throws IOException {
    requirePresent();
    return staging.now();
  }

  private Path require(String location) throws IOException {
    String relative = LocationSyntax.relative(location, rootSpellings);
    return findFile(relative).orElseThrow(() -> new NoSuchFileException(relative)).path();
  }

  private Optional<Found> findFile(String relative) throws IOException {
    Optional<Found> found = StaleHandles.retrying(() -> confirmed(tree.find(relative)));
    if (found.isEmpty()) {
      requirePresent();
    } else if (!found.get().attributes().isRegularFile()) {
      throw new InvalidLocationException(relative, "is not a regular file");
    }
    return found;
  }

  /**
   * What was found, if it is still there. An NFS client may know a file from before, that another
   * host has deleted or replaced since; opening it asks the server.
   */
  private static Optional<Found> confirmed(Optional<Found> found) throws IOException {
    if (found.isEmpty() || !found.get().attributes().isRegularFile()) {
      return found;
    }
    Path path = found.get().path();
    try {
      openFile(path).close();
      return Optional.of(new Found(path, attributes(path)));
    } catch (AccessDeniedException e) {
      return found; // it is there; whoever wants to read it learns the rest
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private static FileChannel openFile(Path path) throws IOException {
    return FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  }

  /** An absent blob and an absent share must not look alike: a deletion may rest on the former. */
  private void requirePresent() throws BlobStoreUnavailableException {
    if (!staging.isPresent()) {
      throw new BlobStoreUnavailableException(
          root, StagingArea.NAME + " is missing in it; is it mounted?", null);
    }
  }

  private Path durableShard(Sha256 digest) throws IOException {
    Path shard = root.resolve(digest.hex().substring(0, 2));
    if (!Files.isDirectory(shard, LinkOption.NOFOLLOW_LINKS)) {
      try {
        Files.createDirectory(shard);
      } catch (FileAlreadyExistsException e) {
        if (!Files.isDirectory(shard, LinkOption.NOFOLLOW_LINKS)) {
          throw new BlobStoreUnavailableException(shard, "it is not a directory", e);
        }
      }
    }
    if (!durableShards.contains(shard)) {
      StaleHandles.retryingAction(() -> DurableFiles.syncDirectory(root));
      durableShards.add(shard);
    }
    return shard;
  }

  private void publish(Path staged, Path target, long sizeBytes) throws IOException {
    DurableFiles.setPermissions(staged, "r--r--r--");
    DurableFiles.syncFile(staged);
    try {
      StaleHandles.retryingAction(() -> rename(staged, target, sizeBytes));
    } catch (AtomicMoveNotSupportedException e) {
      Path copy = staging.newFile();
      try {
        DurableFiles.copy(staged, copy, "r--r--r--");
        StaleHandles.retryingAction(() -> rename(copy, target, sizeBytes));
      } finally {
        discard(copy);
      }
    }
  }

  static void rename(Path staged, Path target, long sizeBytes) throws IOException {
    try {
      Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      // An NFS client that repeats a rename whose answer was lost is told so.
      if (Files.exists(staged, LinkOption.NOFOLLOW_LINKS) || !isWhole(target, sizeBytes)) {
        throw e;
      }
    }
  }

  static boolean isWhole(Path file, long sizeBytes) throws IOException {
    try {
      Optional<Found> found = confirmed(Optional.of(new Found(file, attributes(file))));
      return found.isPresent()
          && found.get().attributes().isRegularFile()
          && found.get().attributes().size() == sizeBytes;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  static void requireWhole(Path staged, long sizeBytes) throws IOException {
    BasicFileAttributes attributes = attributes(staged);
    if (!attributes.isRegularFile() || attributes.size() != sizeBytes) {
      throw new IOException(
          staged + " is to be a file of " + sizeBytes + " bytes and has " + attributes.size());
    }
  }

  private static BasicFileAttributes attributes(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  static void discard(Path staged) {
    try {
      Files.deleteIfExists(staged);
    } catch (IOException e) {
      // Whether the blob was put is decided; the next start sweeps this up.
      log.warn("Cannot delete staged file {}: {}", staged, e.toString());
    }
  }

  private static String nameOf(Path file) {
    return String.valueOf(file.getFileName());
  }
}
