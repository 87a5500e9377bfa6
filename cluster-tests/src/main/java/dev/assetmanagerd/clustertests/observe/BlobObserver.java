package dev.assetmanagerd.clustertests.observe;

import dev.assetmanagerd.clustertests.client.LeaseBook;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads the blob of every leased asset from the store itself: it is there, and right. */
public final class BlobObserver extends Observer {
  /** Name of the count of blobs read. */
  public static final String BLOBS_READ = "blobs read";

  private static final Duration PAUSE = Duration.ofMillis(10);

  private final StoreView store;
  private final LeaseBook book;

  /**
   * Looks at a store.
   *
   * @param store the directory that the blobs' locations are relative to
   */
  public BlobObserver(Path store, LeaseBook book) {
    this(new FileStore(store), book);
  }

  /** The same for any store. */
  public BlobObserver(StoreView store, LeaseBook book) {
    super("blobs", PAUSE);
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
      String found = store.sha256(entry.getKey());
      findings.count(BLOBS_READ, 1);
      for (LeaseBook.Held lease : entry.getValue()) {
        // Given back meanwhile: whatever was found is all right.
        if (!found.equals(lease.checksum()) && book.isHeld(lease)) {
          findings.violated(lease + " is held, and its blob is " + found);
        }
      }
    }
  }
}
