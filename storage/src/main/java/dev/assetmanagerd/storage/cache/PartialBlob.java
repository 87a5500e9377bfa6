package dev.assetmanagerd.storage.cache;

import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A file on its way in, and the digest of the bytes that are in it from its start on: where one
 * source fails, the next one goes on from there. For one thread.
 */
final class PartialBlob {
  private final Path path;
  private final long sizeBytes;
  private final Hashing.Digester digester = Hashing.newDigester();
  private long position;

  /**
   * @param path of the file, which has its size already
   * @param sizeBytes of the whole blob
   */
  PartialBlob(Path path, long sizeBytes) {
    this.path = path;
    this.sizeBytes = sizeBytes;
  }

  Path path() {
    return path;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /** How many bytes from the start on are there and digested. */
  long position() {
    return position;
  }

  /** Adds the next bytes, which are in the file already, to the digest. */
  void digest(ByteBuffer bytes) {
    position += bytes.remaining();
    digester.update(bytes);
  }

  /** The digest of all bytes, when they are there; call it once. */
  Sha256 finish() {
    return digester.finish();
  }
}
