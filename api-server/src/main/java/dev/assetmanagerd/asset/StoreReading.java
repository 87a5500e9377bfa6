package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.bounded.StoreHangsException;
import dev.assetmanagerd.storage.scrub.ScrubCounters;
import dev.assetmanagerd.storage.scrub.ScrubRate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads blobs of the store to see whether they are what they should be. Where a store attests the
 * digest of a blob, that is taken for it. For one thread.
 */
final class StoreReading {
  private static final Logger log = LoggerFactory.getLogger(StoreReading.class);
  private static final int RANGE_BYTES = 4 << 20;
  private static final int BUFFER_BYTES = 256 << 10;

  /** Never looked up for what is there: it matters only that the store answers. */
  private static final String NOWHERE = new Sha256("0".repeat(64)).location();

  private final BlobReader reader;
  private final ScrubRate rate;
  private final ScrubCounters counters;

  StoreReading(BlobReader reader, ScrubRate rate, ScrubCounters counters) {
    this.reader = reader;
    this.rate = rate;
    this.counters = counters;
  }

  /**
   * Whether a blob is what its assets say. It is wrong only when two readings say so, of which the
   * second comes from the disk or the server as far as the host can be told to.
   *
   * @param check throws when the reading has to stop
   * @throws IOException when it cannot be read, at two tries
   */
  boolean isRight(BlobStat stat, List<Asset> assets, Runnable check) throws IOException {
    boolean foundWrong = false;
    IOException failure = null;
    while (true) {
      try {
        if (isRightNow(stat, assets, check)) {
          return true;
        }
        if (foundWrong) {
          return false;
        }
        foundWrong = true;
      } catch (IOException e) {
        failure = firstOrThrow(failure, e);
      }
      reader.dropCached(stat.location());
    }
  }

  private static IOException firstOrThrow(@Nullable IOException before, IOException now)
      throws IOException {
    boolean decided =
        now instanceof StoreHangsException
            || now instanceof NoSuchFileException
            || now instanceof InvalidLocationException;
    if (decided || before != null) {
      throw now;
    }
    log.debug("reading a blob once more", now);
    return now;
  }

  /**
   * Tells a blob that cannot be read from a store that cannot be used.
   *
   * @param failure of reading a blob
   * @throws BlobStoreUnavailableException in the latter case
   */
  void requireStore(IOException failure) throws BlobStoreUnavailableException {
    if (failure instanceof StoreHangsException hangs) {
      throw hangs;
    }
    if (!(failure instanceof BlobStoreUnavailableException)) {
      return;
    }
    try {
      var unused = reader.stat(NOWHERE);
    } catch (BlobStoreUnavailableException e) {
      throw e;
    } catch (IOException e) {
      throw new BlobStoreUnavailableException("the blob store", e.toString(), e);
    }
  }

  private static Set<Hashing.Content> expected(List<Asset> assets) {
    Set<Hashing.Content> expected = new HashSet<>();
    for (Asset asset : assets) {
      expected.add(new Hashing.Content(asset.getSizeBytes(), new Sha256(asset.getChecksum())));
    }
    return expected;
  }

  private boolean isRightNow(BlobStat stat, List<Asset> assets, Runnable check) throws IOException {
    Set<Hashing.Content> expected = expected(assets);
    if (expected.stream().noneMatch(content -> content.sizeBytes() == stat.sizeBytes())) {
      return false;
    }
    Sha256 found = stat.digest().isPresent() ? stat.digest().get() : read(stat, check);
    return expected.contains(new Hashing.Content(stat.sizeBytes(), found));
  }

  /** In ranges, so that no connection is open while the rate has this wait. */
  private Sha256 read(BlobStat stat, Runnable check) throws IOException {
    Hashing.Digester digest = Hashing.newDigester();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    for (long at = 0; at < stat.sizeBytes(); at += RANGE_BYTES) {
      check.run();
      int length = (int) Math.min(RANGE_BYTES, stat.sizeBytes() - at);
      rate.accept(length);
      readRange(stat.location(), at, length, buffer, digest);
      counters.read(length);
    }
    return digest.finish();
  }

  /** Of a blob that is shorter than it was said to be, the digest comes out as another. */
  private void readRange(
      String location, long at, int length, ByteBuffer buffer, Hashing.Digester digest)
      throws IOException {
    try (ReadableByteChannel in = reader.open(location, at, length)) {
      int left = length;
      int n = 0;
      while (left > 0 && n >= 0) {
        buffer.clear().limit(Math.min(buffer.capacity(), left));
        n = in.read(buffer);
        left -= Math.max(0, n);
        digest.update(buffer.flip());
      }
    }
  }
}
