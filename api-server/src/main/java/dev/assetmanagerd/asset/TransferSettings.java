package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.DirectUploads;
import java.time.Duration;
import java.util.Optional;

/**
 * How uploads go on after a cut.
 *
 * @param parts where what has come so far is kept
 * @param direct lets clients bring their bytes to the store by themselves; empty where the store
 *     cannot do that
 * @param uploadTtl how long an upload lives on without another write
 * @param partBytes how much of a stream is kept at a time; what is not a whole part yet is lost
 *     when the stream is cut
 */
public record TransferSettings(
    BlobParts parts, Optional<DirectUploads> direct, Duration uploadTtl, int partBytes) {
  private static final Duration DEFAULT_UPLOAD_TTL = Duration.ofHours(24);
  private static final int DEFAULT_PART_BYTES = 16 << 20;

  /** With the defaults of the configuration. */
  public static TransferSettings of(BlobParts parts, Optional<DirectUploads> direct) {
    return new TransferSettings(parts, direct, DEFAULT_UPLOAD_TTL, DEFAULT_PART_BYTES);
  }
}
