package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/** Does what another store does, but for what a test overrides. */
class ForwardingStore implements BlobStore {
  private final BlobStore store;

  ForwardingStore(BlobStore store) {
    this.store = store;
  }

  @Override
  public Optional<BlobStat> stat(String location) throws IOException {
    return store.stat(location);
  }

  @Override
  public ReadableByteChannel open(String location, long offset) throws IOException {
    return store.open(location, offset);
  }

  @Override
  public Optional<Path> localFile(String location) throws IOException {
    return store.localFile(location);
  }

  @Override
  public Path stagingDirectory() {
    return store.stagingDirectory();
  }

  @Override
  public void put(Path staged, String location, Sha256 digest, long sizeBytes) throws IOException {
    store.put(staged, location, digest, sizeBytes);
  }

  @Override
  public boolean delete(String location) throws IOException {
    return store.delete(location);
  }

  @Override
  public boolean setAside(BlobStat wrong, boolean replaceable) throws IOException {
    return store.setAside(wrong, replaceable);
  }

  @Override
  public Stream<BlobStat> list() throws IOException {
    return store.list();
  }

  @Override
  public Instant storeTime() throws IOException {
    return store.storeTime();
  }

  @Override
  public int cleanUp(Duration olderThan) throws IOException {
    return store.cleanUp(olderThan);
  }
}
