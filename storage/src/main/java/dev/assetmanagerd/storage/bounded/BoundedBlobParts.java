package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.stream.Stream;

/** {@link BlobParts} of a {@link BoundedBlobStore}. */
final class BoundedBlobParts implements BlobParts {
  private final BlobParts parts;
  private final BoundedSteps steps;

  BoundedBlobParts(BlobParts parts, BoundedSteps steps) {
    this.parts = parts;
    this.steps = steps;
  }

  @Override
  public void putPart(String uploadId, String partId, Path staged, Sha256 digest, long sizeBytes)
      throws IOException {
    new StagedStep(steps, staged)
        .run("publish a part", () -> parts.putPart(uploadId, partId, staged, digest, sizeBytes));
  }

  @Override
  public ReadableByteChannel openPart(String uploadId, String partId) throws IOException {
    return BoundedChannel.open(steps, at -> openPart(uploadId, partId, at), 0);
  }

  private ReadableByteChannel openPart(String uploadId, String partId, long offset)
      throws IOException {
    ReadableByteChannel channel = parts.openPart(uploadId, partId);
    try {
      if (channel instanceof SeekableByteChannel seekable) {
        return seekable.position(offset);
      }
      Channels.newInputStream(channel).skipNBytes(offset);
      return channel;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** Of an upload of very many parts, some may be left; they are found by {@link #listUploads}. */
  @Override
  public void deleteParts(String uploadId) throws IOException {
    steps.runAction("delete parts", () -> parts.deleteParts(uploadId));
  }

  @Override
  public Stream<Upload> listUploads() throws IOException {
    return BoundedListing.of(steps, parts::listUploads);
  }
}
