package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Lets clients bring the bytes of a blob to the store by themselves, past the node. They land
 * beside the {@linkplain BlobParts parts} of the upload and are no blob until they are published.
 * Not every store can do this. Thread-safe; blocks for I/O.
 */
public interface DirectUploads {
  /**
   * A request that the client may make once, without credentials of its own.
   *
   * @param method of HTTP
   * @param url secret until it has expired
   * @param headers that have to be sent as they are
   */
  record SignedRequest(String method, URI url, Map<String, String> headers) {}

  /** Most bytes that one such request can carry. */
  long maxBytes();

  /**
   * Signs a request that stores exactly these bytes, where the store checks digests, and exactly
   * this number of bytes in any case.
   */
  SignedRequest sign(String uploadId, Sha256 digest, long sizeBytes, Duration validity)
      throws IOException;

  /** What the client has stored; empty while there is nothing. Its location is of no use. */
  Optional<BlobStat> stat(String uploadId) throws IOException;

  /** Opens what the client has stored, to be read. The caller closes the channel. */
  ReadableByteChannel open(String uploadId) throws IOException;

  /**
   * Makes a blob of what the client has stored, without the bytes coming here: whole and visible to
   * every node when this returns. What was stored has to have been verified before; it is the
   * verified version of it that is published, or none.
   *
   * @param verified what {@link #stat} said before the bytes were looked at
   * @throws UploadChangedException when the client has stored something else since
   */
  void publish(String uploadId, BlobStat verified, String location, Sha256 digest, long sizeBytes)
      throws IOException;
}
