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
  private boolean outOfSources;

  /** Written under the lock, and read without. */
  private volatile boolean ending;

  Flight(Sha256 digest, long sizeBytes, CacheContents contents) {
    this.digest = digest;
    this.sizeBytes = sizeBytes;
    this.contents = contents;
  }

  /**
   * Joins it; false when it has ended, or is about to for want of sources. Its own sources, where
   * new, are tried as well.
   */
  synchronized boolean join(List<BlobSource> more) {
    if (ended || outOfSources) {
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

  /** The source of a number; empty when there are no more, and then nobody can add any. */
  synchronized Optional<BlobSource> source(int number) {
    if (number < sources.size()) {
      return Optional.of(sources.get(number));
    }
    outOfSources = true;
    ending = true;
    return Optional.empty();
  }

  /** Whether it brings no blob any more, and is about to be over. Takes no lock. */
  boolean isEnding() {
    return ending;
  }

  /** Completes with an entry that each of those who joined holds, or fails. */
  CompletableFuture<CacheEntry> landed() {
    return landed;
  }

  /** Whether nobody waits for it any more. */
  synchronized boolean isOver() {
    return ended;
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
    ending = true;
    return Optional.ofNullable(task);
  }

  /**
   * Hands out an entry that the caller holds, and lets go of it: when those who wait hear of it,
   * nobody else holds it.
   */
  synchronized void land(CacheEntry entry) {
    if (!ended) {
      for (int i = 0; i < waiting; i++) {
        contents.holdAgain(entry);
      }
    }
    contents.release(entry);
    if (!ended) {
      ended = true;
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
