package dev.assetmanagerd.storage.nfs;

import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import dev.assetmanagerd.storage.bounded.BoundedBlobStore;
import dev.assetmanagerd.storage.bounded.BoundedSteps;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A directory on a real NFS mount that tests are given, and a new store in it for each of them.
 *
 * <p>The system property {@code assetmanagerd.nfs.directory} names it; {@code
 * assetmanagerd.nfs.other} another mount of the same export, that shares no cache with the first,
 * as another host has it. Closing leaves the files to whoever made the directory.
 */
final class NfsDirectory implements AutoCloseable {
  static final String PROPERTY = "assetmanagerd.nfs.directory";
  private static final String OTHER = "assetmanagerd.nfs.other";
  private static final String V3 = "assetmanagerd.nfs.v3";

  private final String name = "test-" + UUID.randomUUID();
  private final List<BoundedSteps> opened = new ArrayList<>();

  /** Where the mount is. */
  static Path mount() {
    return Path.of(System.getProperty(PROPERTY));
  }

  /** The same files by a mount of its own, where there is one. */
  static Optional<Path> otherMount() {
    return Optional.ofNullable(System.getProperty(OTHER)).map(Path::of);
  }

  /** The same files by version 3 of the protocol, which knows nothing of open files. */
  static Optional<Path> mountOfVersion3() {
    return Optional.ofNullable(System.getProperty(V3)).map(Path::of);
  }

  /** The root of this test's store, as a mount shows it. */
  Path rootIn(Path mount) {
    return mount.resolve(name);
  }

  /** This test's store. */
  BoundedBlobStore open() throws IOException {
    return open(mount(), "n1", steps(Duration.ofSeconds(30)));
  }

  /** The same store, as another node has it. */
  BoundedBlobStore openOfAnotherNode() throws IOException {
    return open(otherMount().orElse(mount()), "n2", steps(Duration.ofSeconds(30)));
  }

  BoundedBlobStore open(Path mount, String nodeId, BoundedSteps steps) throws IOException {
    SharedDirectoryBlobStore store =
        steps.run(
            "open it", () -> SharedDirectoryBlobStore.open(rootIn(mount), nodeId, "nfs-tests"));
    return new BoundedBlobStore(store, store.parts(), steps);
  }

  BoundedSteps steps(Duration timeout) {
    BoundedSteps steps = new BoundedSteps("store " + name, 4, timeout, System::nanoTime);
    opened.add(steps);
    return steps;
  }

  @Override
  public void close() {
    opened.forEach(BoundedSteps::close);
  }
}
