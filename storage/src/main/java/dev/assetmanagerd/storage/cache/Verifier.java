package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.cache.BlobCache.Recheck;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.function.LongConsumer;

/**
 * Reads files of the cache again, and sets those aside that are wrong or cannot be read, so that
 * they are fetched again. Thread-safe.
 */
final class Verifier {
  private final CacheFiles files;
  private final CacheContents contents;

  Verifier(CacheFiles files, CacheContents contents) {
    this.files = files;
    this.contents = contents;
  }

  /**
   * Reads a file.
   *
   * @param pace waits, told how many bytes were read since it was asked last
   * @throws IOException when it cannot be told whether it is right, or it cannot be set aside
   */
  Recheck verify(CacheEntry entry, LongConsumer pace) throws IOException {
    String problem;
    try {
      long modified = files.modifiedNanos(entry.digest, entry.sizeBytes);
      if (modified != Long.MIN_VALUE && hasItsBytes(entry, pace)) {
        contents.verified(entry, modified);
        return Recheck.RIGHT;
      }
      problem = "does not have the bytes of its digest";
    } catch (NoSuchFileException e) {
      contents.lost(entry);
      return Recheck.GONE;
    } catch (IOException e) {
      if (e instanceof ClosedByInterruptException || lacksResources(e)) {
        throw e;
      }
      problem = "cannot be read (" + e + ")";
    }
    return contents.quarantine(entry, problem) ? Recheck.WRONG : Recheck.GONE;
  }

  private boolean hasItsBytes(CacheEntry entry, LongConsumer pace) throws IOException {
    try (FileChannel file = files.openToRead(entry.digest)) {
      return Hashing.sha256(file, pace).equals(new Hashing.Content(entry.sizeBytes, entry.digest));
    }
  }

  /** Whether it is the process or the host that has too little of something. */
  private static boolean lacksResources(IOException e) {
    String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    return text.contains("too many open files") || text.contains("cannot allocate memory");
  }
}
