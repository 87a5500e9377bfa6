package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.DirectUploads;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Uploads past a node with something that happens at the worst moments.
 *
 * @param beforeTaking runs before the node takes what the client has brought
 * @param reading what the node gets to read of the bytes it is given
 * @param beforePublishing runs before the node makes a blob of them
 */
record WatchedUploads(
    DirectUploads uploads,
    Runnable beforeTaking,
    UnaryOperator<ReadableByteChannel> reading,
    Runnable beforePublishing)
    implements DirectUploads {
  @Override
  public long maxBytes() {
    return uploads.maxBytes();
  }

  @Override
  public DirectUploads.SignedRequest sign(
      String uploadId, Sha256 digest, long sizeBytes, Duration validity) throws IOException {
    return uploads.sign(uploadId, digest, sizeBytes, validity);
  }

  @Override
  public Optional<BlobStat> stat(String uploadId) throws IOException {
    return uploads.stat(uploadId);
  }

  @Override
  public Taken take(String uploadId, BlobStat found) throws IOException {
    beforeTaking.run();
    Taken taken = uploads.take(uploadId, found);
    return new Taken() {
      @Override
      public BlobStat stat() {
        return taken.stat();
      }

      @Override
      public ReadableByteChannel open() throws IOException {
        return reading.apply(taken.open());
      }

      @Override
      public void publish(String location, Sha256 digest) throws IOException {
        beforePublishing.run();
        taken.publish(location, digest);
      }

      @Override
      public void close() {
        taken.close();
      }
    };
  }
}
