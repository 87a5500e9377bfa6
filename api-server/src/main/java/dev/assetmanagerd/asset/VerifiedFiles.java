package dev.assetmanagerd.asset;

import com.google.common.util.concurrent.MoreExecutors;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import io.grpc.Context;
import io.grpc.Deadline;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Which files of a store were read to their end and found right, so that a part of one can be
 * handed out without reading all of it each time. A file that has been changed since is read again.
 * Thread-safe; blocks for I/O.
 */
final class VerifiedFiles {
  /** A few MB; what is forgotten is read once more. */
  private static final int MAX_REMEMBERED = 10_000;

  /** What errors name; it is the asset's. */
  private static final String FIELD = "id";

  /** By which a change of the file is noticed; the change time would not do: links change it. */
  private record Version(@Nullable Object fileKey, long sizeBytes, FileTime modified) {
    static Version of(Path file) throws IOException {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new Version(attributes.fileKey(), attributes.size(), attributes.lastModifiedTime());
    }
  }

  private final Map<Sha256, Version> verified =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Sha256, Version> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  /** What is being read now, and by whoever was first. */
  private final ConcurrentMap<Reading, CompletableFuture<Boolean>> running =
      new ConcurrentHashMap<>();

  private final Opener opener;

  VerifiedFiles() {
    this(file -> FileChannel.open(file, StandardOpenOption.READ));
  }

  /**
   * @param opener how files are read
   */
  VerifiedFiles(Opener opener) {
    this.opener = opener;
  }

  /** Opens a file for reading from its beginning. */
  interface Opener {
    ReadableByteChannel open(Path file) throws IOException;
  }

  private record Reading(Path file, Sha256 digest, Version version) {}

  /**
   * Whether the file has the bytes of the digest. However many ask at once, one of them reads it,
   * and the others wait; where its call ends before, the next one reads.
   *
   * @param timeout longest that this takes
   */
  boolean isRight(Path file, Sha256 digest, Duration timeout) throws IOException {
    Deadline deadline = Deadline.after(timeout.toNanos(), TimeUnit.NANOSECONDS);
    while (true) {
      Reading reading = new Reading(file, digest, Version.of(file));
      if (isRemembered(reading)) {
        return true;
      }
      CompletableFuture<Boolean> mine = new CompletableFuture<>();
      CompletableFuture<Boolean> first = running.putIfAbsent(reading, mine);
      if (first == null) {
        return readFor(mine, reading, deadline);
      }
      Optional<Boolean> found = await(first, reading, deadline);
      if (found.isPresent()) {
        return found.get();
      }
    }
  }

  private boolean isRemembered(Reading reading) {
    synchronized (verified) {
      return reading.version().equals(verified.get(reading.digest()));
    }
  }

  private boolean readFor(CompletableFuture<Boolean> all, Reading reading, Deadline deadline)
      throws IOException {
    try {
      // Another one may have come to its end since this one looked.
      boolean right = isRemembered(reading) || isRightNow(reading, deadline);
      all.complete(right);
      return right;
    } catch (IOException e) {
      all.completeExceptionally(e);
      throw e;
    } finally {
      running.remove(reading, all);
      all.cancel(false); // no effect where there is an answer
    }
  }

  private boolean isRightNow(Reading reading, Deadline deadline) throws IOException {
    long size = reading.version().sizeBytes();
    Hashing.Digester digest = Hashing.newDigester();
    long bytes;
    try (ReadableByteChannel channel = opener.open(reading.file())) {
      bytes = CallReads.readUncut(FIELD, channel, size, deadline, digest::update);
    }
    if (bytes != size || !digest.finish().equals(reading.digest())) {
      return false;
    }
    if (reading.version().equals(Version.of(reading.file()))) {
      synchronized (verified) {
        verified.put(reading.digest(), reading.version());
      }
    }
    return true;
  }

  /** Empty where whoever was first has given up. */
  private static Optional<Boolean> await(
      CompletableFuture<Boolean> first, Reading reading, Deadline deadline) throws IOException {
    long size = reading.version().sizeBytes();
    CompletableFuture<Boolean> answer = first.copy();
    Context call = Context.current();
    Context.CancellationListener giveUp =
        ended -> answer.completeExceptionally(CallReads.ended(FIELD, 0, size, deadline));
    call.addListener(giveUp, MoreExecutors.directExecutor());
    try {
      return Optional.of(
          answer.get(
              Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS)), TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      throw CallReads.late(FIELD, 0, size);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a file was being read");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof CancellationException) {
        return Optional.empty();
      }
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw ApiErrors.of(e);
    } finally {
      call.removeListener(giveUp);
    }
  }
}
