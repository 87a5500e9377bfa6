package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * One fetch of one blob, and all who wait for it. Each of those gets a hold of its own on the file;
 * when the last of them gives up, the fetch ends. Thread-safe.
 */
final class Flight {
  private static final int MAX_SOURCES = 64;

  final Sha256 digest;
  final long sizeBytes;
  private final CacheContents contents;
  private final CompletableFuture<CacheEntry> landed = new CompletableFuture<>();
  private final List<BlobSource> sources = new ArrayList<>();
  private @Nullable Future<?> task;
  private int waiting;
  private boolean ended;

  Flight(Sha256 digest, long sizeBytes, CacheContents contents) {
    this.digest = digest;
    this.sizeBytes = sizeBytes;
    this.contents = contents;
  }

  /** Joins it; false when it has ended. Its own sources, where new, are tried as well. */
  synchronized boolean join(List<BlobSource> more) {
    if (ended) {
      return false;
    }
    waiting++;
    for (BlobSource source : more) {
      if (sources.size() < MAX_SOURCES && !sources.contains(source)) {
        sources.add(source);
      }
    }
    return true;
  }

  synchronized void runsAs(Future<?> future) {
    task = future;
  }

  /** The source of a number; empty when there are no more, for now. */
  synchronized Optional<BlobSource> source(int number) {
    return number < sources.size() ? Optional.of(sources.get(number)) : Optional.empty();
  }

  /** Completes with an entry that each of those who joined holds, or fails. */
  CompletableFuture<CacheEntry> landed() {
    return landed;
  }

  /** Whether nobody waits for it any more. */
  synchronized boolean isAbandoned() {
    return ended && !landed.isDone();
  }

  /**
   * Gives up waiting.
   *
   * @return what to stop, where the last one has given up; empty otherwise
   */
  synchronized Optional<Future<?>> leave() {
    if (ended) {
      if (landed.isDone() && !landed.isCompletedExceptionally()) {
        contents.release(landed.join());
      }
      return Optional.empty();
    }
    waiting--;
    if (waiting > 0) {
      return Optional.empty();
    }
    ended = true;
    return Optional.ofNullable(task);
  }

  /** Hands out an entry that the caller holds, and keeps on holding. */
  synchronized void land(CacheEntry entry) {
    if (!ended) {
      ended = true;
      for (int i = 0; i < waiting; i++) {
        contents.holdAgain(entry);
      }
      landed.complete(entry);
    }
  }

  synchronized void fail(Throwable failure) {
    if (!ended) {
      ended = true;
      landed.completeExceptionally(failure);
    }
  }
}
