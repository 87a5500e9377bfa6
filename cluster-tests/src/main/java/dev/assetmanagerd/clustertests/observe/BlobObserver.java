package dev.assetmanagerd.clustertests.observe;

import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.client.Sha256Sum;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** Reads the blob of every leased asset from the store's own directory: it is there, and right. */
public final class BlobObserver extends Observer {
  /** Name of the count of blobs read. */
  public static final String BLOBS_READ = "blobs read";

  private static final Duration PAUSE = Duration.ofMillis(10);

  private final Path store;
  private final LeaseBook book;
  private final Lock reading;

  /**
   * Looks at a store.
   *
   * @param store the directory that the blobs' locations are relative to
   */
  public BlobObserver(Path store, LeaseBook book) {
    this(store, book, new ReentrantLock());
  }

  /**
   * The same for a store that cannot be read at all times.
   *
   * @param reading held while a blob is read
   */
  public BlobObserver(Path store, LeaseBook book, Lock reading) {
    super("blobs", PAUSE);
    this.reading = reading;
    this.store = store;
    this.book = book;
  }

  @Override
  void look(Findings findings) throws IOException {
    Map<String, List<LeaseBook.Held>> byLocation = new TreeMap<>();
    for (LeaseBook.Held lease : book.held()) {
      byLocation.computeIfAbsent(lease.location(), none -> new ArrayList<>()).add(lease);
    }
    for (Map.Entry<String, List<LeaseBook.Held>> entry : byLocation.entrySet()) {
      String found = sum(store.resolve(entry.getKey()));
      findings.count(BLOBS_READ, 1);
      for (LeaseBook.Held lease : entry.getValue()) {
        // Given back meanwhile: whatever was found is all right.
        if (!found.equals(lease.checksum()) && book.isHeld(lease)) {
          findings.violated(lease + " is held, and its blob is " + found);
        }
      }
    }
  }

  private String sum(Path blob) throws IOException {
    reading.lock();
    try {
      return Sha256Sum.of(blob);
    } finally {
      reading.unlock();
    }
  }
}
