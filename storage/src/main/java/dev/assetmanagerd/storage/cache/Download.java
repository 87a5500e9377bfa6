package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.CacheFullException.Reason;
import dev.assetmanagerd.storage.file.DiskFailure;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ExecutorService;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets one blob into a file, from one source after the other until the bytes are the right ones. A
 * source goes on where the one before it failed; when what several gave is wrong, the last of them
 * begins anew. What a source does late, when it was given up, touches nothing. For one use.
 */
final class Download {
  private static final Logger log = LoggerFactory.getLogger(Download.class);

  private final Flight flight;
  private final CacheFiles files;
  private final Room room;
  private final BlobCacheOptions options;
  private final CacheCounters counters;
  private final ExecutorService ranges;
  private final LongSupplier nanoClock;
  private final long deadlineNanos;
  private final Failures failures = new Failures();

  private @Nullable PartialBlob partial;
  private boolean madeRoom;

  /**
   * @param ranges threads to read from sources on
   */
  Download(
      Flight flight,
      CacheFiles files,
      Room room,
      BlobCacheOptions options,
      CacheCounters counters,
      ExecutorService ranges,
      LongSupplier nanoClock) {
    this.flight = flight;
    this.files = files;
    this.room = room;
    this.options = options;
    this.counters = counters;
    this.ranges = ranges;
    this.nanoClock = nanoClock;
    this.deadlineNanos = nanoClock.getAsLong() + options.fetchTimeout().toNanos();
  }

  private enum Next {
    DONE,
    SAME_SOURCE,
    NEXT_SOURCE
  }

  /**
   * Runs it.
   *
   * @return a sealed file, which is the caller's now
   */
  Path run() throws IOException, InterruptedException {
    try {
      int number = 0;
      while (true) {
        BlobSource source = flight.source(number).orElseThrow(failures::summary);
        Next next = tryOnce(source);
        if (next == Next.DONE && partial != null) {
          Path whole = partial.path();
          partial = null;
          return whole;
        }
        number += next == Next.NEXT_SOURCE ? 1 : 0;
      }
    } finally {
      discard();
    }
  }

  private Next tryOnce(BlobSource source) throws IOException, InterruptedException {
    boolean goesOn = partial != null && partial.position() > 0;
    try {
      transfer(source);
      return Next.DONE;
    } catch (CacheDiskException e) {
      discard();
      makeRoom(e);
      return Next.SAME_SOURCE;
    } catch (WrongBytesException e) {
      discard();
      if (goesOn) {
        log.warn("{}, where others had begun; it begins anew", e.getMessage());
        return Next.SAME_SOURCE;
      }
      failures.add(source, e);
    } catch (IOException e) {
      if (e instanceof InterruptedIOException && deadlineNanos - nanoClock.getAsLong() <= 0) {
        throw e;
      }
      failures.add(source, e);
    }
    return Next.NEXT_SOURCE;
  }

  private void transfer(BlobSource source) throws IOException, InterruptedException {
    PartialBlob blob = partial;
    if (blob == null) {
      blob = new PartialBlob(files.newPartial(flight.sizeBytes), flight.sizeBytes);
      partial = blob;
    }
    if (flight.isOver()) {
      throw new InterruptedException(); // native calls may have lost the interrupt
    }
    // Each source writes through a channel of its own: closing it ends all its writes.
    try (FileChannel file = open(blob.path())) {
      new RangedTransfer(source, blob, file, ranges, options, counters, nanoClock)
          .run(deadlineNanos);
    }
    Sha256 found = blob.finish();
    if (!found.equals(flight.digest)) {
      throw new WrongBytesException(
          source.name() + " gave bytes of digest " + found + " for " + flight.digest);
    }
    try {
      files.seal(blob.path());
    } catch (IOException e) {
      throw new CacheDiskException("cannot flush a file of the cache", e);
    }
  }

  private static FileChannel open(Path file) throws CacheDiskException {
    try {
      return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new CacheDiskException("cannot open a file of the cache", e);
    }
  }

  /** Others write to this disk, too: the cache gives way, once. */
  private void makeRoom(CacheDiskException e) throws IOException, InterruptedException {
    if (Thread.interrupted() || flight.isOver()) {
      throw new InterruptedException();
    }
    IOException cause = e.getCause() instanceof IOException io ? io : e;
    if (DiskFailure.of(cause, files.directory(), 0) != DiskFailure.NO_SPACE) {
      throw e;
    }
    if (madeRoom || !room.giveWay(flight.sizeBytes)) {
      throw new CacheFullException(
          Reason.DISK_FULL,
          "the disk of the cache has no space left for "
              + flight.sizeBytes
              + " bytes, and nothing in the cache can be evicted for them",
          e);
    }
    madeRoom = true;
  }

  private void discard() {
    if (partial != null) {
      files.discard(partial.path());
      partial = null;
    }
  }

  /** Why sources were given up, and which of the reasons to tell. */
  private final class Failures {
    private @Nullable IOException missing;
    private @Nullable IOException wrong;
    private @Nullable IOException broken;

    void add(BlobSource source, IOException failure) {
      if (failure instanceof NoSuchFileException) {
        missing = failure;
        return;
      }
      counters.sourceFailed(source.name());
      log.warn("{} not from {}: {}", flight.digest, source.name(), failure.toString());
      if (failure instanceof WrongBytesException) {
        wrong = failure;
      } else {
        broken = failure;
      }
    }

    /** One that failed may have the blob, so what the others lack does not settle it. */
    IOException summary() {
      IOException told = broken != null ? broken : wrong != null ? wrong : missing;
      return told == null ? new NoSuchFileException(flight.digest + " (no source)") : told;
    }
  }
}
