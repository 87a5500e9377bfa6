package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.node.v1.ReadCachedBlobChunk;
import dev.assetmanagerd.node.v1.ReadCachedBlobRequest;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.BlobSource;
import io.grpc.ClientCall;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The caches of the other nodes, as sources of blobs. Each says within moments whether it has a
 * blob; one that does not answer counts as not having it, and is not asked for a while; one that is
 * busy counts as not having it at the moment. What they give is verified by whoever fetches.
 * Thread-safe.
 */
public final class PeerBlobs {
  private static final Duration FIRST_ANSWER = Duration.ofSeconds(2);
  private static final Duration STREAM_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofSeconds(30);
  private static final long MAX_LENGTH = 64L << 20;

  private final NodeLinks links;
  private final LongSupplier nanoClock;

  /** Until when nodes are not asked. */
  private final Map<String, Long> pausedUntil = new ConcurrentHashMap<>();

  /**
   * @param links to the other nodes
   * @param nanoClock monotonic
   */
  public PeerBlobs(NodeLinks links, LongSupplier nanoClock) {
    this.links = links;
    this.nanoClock = nanoClock;
  }

  /** Where a blob may be had, apart from its store. */
  public List<BlobSource> of(Sha256 digest) {
    return links.otherIds().stream()
        .filter(id -> nanoClock.getAsLong() - pausedUntil.getOrDefault(id, Long.MIN_VALUE / 2) >= 0)
        .map(id -> (BlobSource) new Source(this, id, digest))
        .toList();
  }

  private record Source(PeerBlobs peers, String nodeId, Sha256 digest) implements BlobSource {
    @Override
    public String name() {
      return "peer";
    }

    @Override
    public ReadableByteChannel open(long offset, long length) throws IOException {
      return peers.open(nodeId, digest, offset, length);
    }
  }

  private ReadableByteChannel open(String nodeId, Sha256 digest, long offset, long length)
      throws IOException {
    ClientCall<ReadCachedBlobRequest, ReadCachedBlobChunk> call;
    try {
      call =
          links.newCall(
              nodeId,
              NodeServiceGrpc.getReadCachedBlobMethod(),
              Deadline.after(STREAM_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS),
              new SentTracer());
    } catch (IllegalArgumentException e) { // removed since it was chosen
      throw lacking(nodeId, digest, e);
    }
    PeerBlobStream stream = new PeerBlobStream(nodeId, call);
    try {
      stream.begin(
          ReadCachedBlobRequest.newBuilder()
              .setChecksum(digest.hex())
              .setOffset(offset)
              .setLength(Math.min(length, MAX_LENGTH))
              .build(),
          FIRST_ANSWER);
      return stream;
    } catch (NoSuchFileException | ClosedByInterruptException e) {
      throw e; // of an answer, or of who does not want one any more
    } catch (PeerBlobStream.BusyException e) {
      throw lacking(nodeId, digest, e);
    } catch (IOException e) {
      // Its store is asked next: whatever ails a peer is no reason to tell anybody.
      pausedUntil.put(nodeId, nanoClock.getAsLong() + PAUSE.toNanos());
      throw lacking(nodeId, digest, e);
    }
  }

  private static NoSuchFileException lacking(String nodeId, Sha256 digest, Exception why) {
    NoSuchFileException lacking = new NoSuchFileException(digest + " at " + nodeId);
    lacking.initCause(why);
    return lacking;
  }
}
