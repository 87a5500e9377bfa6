package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A real store in which somebody else deletes each blob just after it was put, a few times. */
final class ForgetfulStore implements BlobStore {
  private final BlobStore store;
  private final AtomicInteger deletionsLeft;

  ForgetfulStore(BlobStore store, int deletions) {
    this.store = store;
    this.deletionsLeft = new AtomicInteger(deletions);
  }

  @Override
  public void put(Path staged, String location, Sha256 digest, long sizeBytes) throws IOException {
    store.put(staged, location, digest, sizeBytes);
    if (deletionsLeft.getAndDecrement() > 0) {
      store.delete(location);
    }
  }

  @Override
  public Path stagingDirectory() {
    return store.stagingDirectory();
  }

  @Override
  public boolean delete(String location) throws IOException {
    return store.delete(location);
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
}
