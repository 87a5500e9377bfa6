package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A real store that a test can have unmounted, or change in the middle of what others do. */
final class DamagedStore implements BlobStore {
  private final BlobStore store;
  private volatile boolean away;
  private volatile Runnable beforePut = () -> {};
  private volatile Runnable afterListing = () -> {};
  private volatile Runnable beforeSetAside = () -> {};
  private volatile boolean losingAnswers;
  private volatile String unreadable = "";
  private volatile String denied = "";
  private final AtomicInteger wrongReads = new AtomicInteger();

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

  void beforeSetAside(Runnable task) {
    beforeSetAside = task;
  }

  /** From now on what is set aside is, but who asked for it is not told. */
  void loseAnswers() {
    losingAnswers = true;
  }

  /** The disk cannot read this one any more. */
  void setUnreadable(String location) {
    unreadable = location;
  }

  /** The server does not let this one be looked at. */
  void deny(String location) {
    denied = location;
  }

  /** So many readings from now on bring other bytes than there are. */
  void readWrongly(int times) {
    wrongReads.set(times);
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
    beforeSetAside.run();
    boolean done = store.setAside(wrong, replaceable);
    if (losingAnswers) {
      throw new BlobStoreUnavailableException("S3 bucket", "no answer", null);
    }
    return done;
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
    if (location.equals(denied)) {
      throw new BlobStoreUnavailableException("S3 bucket", "HTTP 403", null);
    }
    return store.stat(location);
  }

  @Override
  public ReadableByteChannel open(String location, long offset) throws IOException {
    use();
    if (location.equals(unreadable)) {
      throw new IOException("Input/output error");
    }
    ReadableByteChannel bytes = store.open(location, offset);
    if (wrongReads.getAndUpdate(left -> Math.max(0, left - 1)) == 0) {
      return bytes;
    }
    bytes.close();
    return Channels.newChannel(new ByteArrayInputStream(new byte[1000]));
  }

  @Override
  public Optional<Path> localFile(String location) throws IOException {
    use();
    return store.localFile(location);
  }
}
