package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/** A real store that a test can have unmounted, or change in the middle of what others do. */
final class DamagedStore implements BlobStore {
  private final BlobStore store;
  private volatile boolean away;
  private volatile Runnable beforePut = () -> {};
  private volatile Runnable afterListing = () -> {};

  DamagedStore(BlobStore store) {
    this.store = store;
  }

  /** From now on everything fails as on a share that is not mounted, or no more. */
  void setAway(boolean away) {
    this.away = away;
  }

  void beforePut(Runnable task) {
    beforePut = task;
  }

  void afterListing(Runnable task) {
    afterListing = task;
  }

  private void use() throws BlobStoreUnavailableException {
    if (away) {
      throw new BlobStoreUnavailableException(Path.of("/blobs"), "it is not mounted", null);
    }
  }

  @Override
  public void put(Path staged, String location, Sha256 digest, long sizeBytes) throws IOException {
    use();
    beforePut.run();
    store.put(staged, location, digest, sizeBytes);
  }

  @Override
  public Path stagingDirectory() {
    return store.stagingDirectory();
  }

  @Override
  public boolean delete(String location) throws IOException {
    use();
    return store.delete(location);
  }

  @Override
  public boolean setAside(BlobStat wrong, boolean replaceable) throws IOException {
    use();
    return store.setAside(wrong, replaceable);
  }

  @Override
  public Stream<BlobStat> list() throws IOException {
    use();
    return store.list().onClose(() -> afterListing.run());
  }

  @Override
  public Instant storeTime() throws IOException {
    use();
    return store.storeTime();
  }

  @Override
  public int cleanUp(Duration olderThan) throws IOException {
    use();
    return store.cleanUp(olderThan);
  }

  @Override
  public Optional<BlobStat> stat(String location) throws IOException {
    use();
    return store.stat(location);
  }

  @Override
  public ReadableByteChannel open(String location, long offset) throws IOException {
    use();
    return store.open(location, offset);
  }

  @Override
  public Optional<Path> localFile(String location) throws IOException {
    use();
    return store.localFile(location);
  }
}
