package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.file.Path;

/** An incoming file with its reservation. */
final class ReservedFile implements IncomingBlob {
  private final CacheFiles files;
  private final CacheContents contents;
  private final Reservation reservation;
  private final Path file;
  private boolean ended;

  /**
   * @param reservation given back by this
   */
  ReservedFile(CacheFiles files, CacheContents contents, Reservation reservation, Path file) {
    this.files = files;
    this.contents = contents;
    this.reservation = reservation;
    this.file = file;
  }

  @Override
  public Path file() {
    return file;
  }

  @Override
  public void adopt(Sha256 digest) throws IOException {
    long sizeBytes = CacheFiles.sizeOf(file);
    if (sizeBytes != reservation.sizeBytes) {
      throw new IOException(file + " has " + sizeBytes + " bytes and not " + reservation.sizeBytes);
    }
    files.seal(file);
    CacheEntry entry = contents.publish(file, digest, reservation);
    ended = true;
    contents.release(entry);
  }

  @Override
  public void close() {
    if (!ended) {
      ended = true;
      files.discard(file);
      contents.giveBack(reservation);
    }
  }
}
