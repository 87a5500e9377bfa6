package dev.assetmanagerd.storage.cache;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files set aside, for people to look at: only so many, and none where the room is needed. What
 * people do to its directory is taken as it is found, and what cannot be deleted keeps its room.
 *
 * <p>Thread-safe. Files are deleted outside of all locks.
 */
final class Quarantine {
  private static final Logger log = LoggerFactory.getLogger(Quarantine.class);
  private static final int MAX_FILES = 8;

  private final CacheFiles files;

  @GuardedBy("this")
  private long bytes;

  /** What could not be deleted the last time, so that this is not told again and again. */
  @GuardedBy("this")
  private final Set<Path> stuck = new HashSet<>();

  Quarantine(CacheFiles files) {
    this.files = files;
    recount();
  }

  /** Room that it takes. */
  synchronized long bytes() {
    return bytes;
  }

  /** Moves a file of the cache here. */
  synchronized void take(Sha256 digest, long nowMillis) throws IOException {
    files.quarantine(digest, nowMillis);
    recount();
  }

  /** Deletes the oldest files where there are too many. */
  void shrink() {
    var unused = shrinkTo(MAX_FILES);
  }

  /**
   * Deletes what can be deleted.
   *
   * @return whether it takes less room than before
   */
  boolean clear() {
    return shrinkTo(0);
  }

  private boolean shrinkTo(int keep) {
    long before = bytes();
    boolean fewer = false;
    try {
      List<Path> aside = files.quarantined();
      for (Path file : aside.subList(0, Math.max(0, aside.size() - keep))) {
        fewer |= delete(file);
      }
    } catch (IOException e) {
      log.warn("cannot clear the quarantine of the cache: {}", e.toString());
    }
    return recount() < before || fewer;
  }

  private boolean delete(Path file) {
    try {
      return Files.deleteIfExists(file);
    } catch (IOException e) {
      synchronized (this) {
        if (stuck.add(file)) {
          log.warn("cannot delete {}, which keeps its room: {}", file, e.toString());
        }
      }
      return false;
    }
  }

  /** Sees what is there by now, and how much room it takes. */
  synchronized long recount() {
    try {
      List<Path> aside = files.quarantined();
      long sum = 0;
      for (Path file : aside) {
        sum += CacheFiles.sizeOf(file);
      }
      bytes = sum;
      stuck.retainAll(aside);
    } catch (IOException e) {
      log.warn("cannot look into the quarantine of the cache: {}", e.toString());
    }
    return bytes;
  }
}
