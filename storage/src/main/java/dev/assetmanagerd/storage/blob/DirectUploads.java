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

  /**
   * Takes what the client has stored out of its reach, so that it can be verified and published
   * without becoming something else in between: the client's request can be repeated as long as it
   * is valid. To be closed in any case.
   *
   * @param found what {@link #stat} said; something else is not taken
   * @throws UploadChangedException when the client has stored something else since
   */
  Taken take(String uploadId, BlobStat found) throws IOException;

  /** Bytes of an upload that the client cannot change any more. For one thread; blocks for I/O. */
  interface Taken extends AutoCloseable {
    /** What was taken. Where it has no digest, the bytes have to be read to be verified. */
    BlobStat stat();

    /** Opens the bytes that {@link #publish} would publish. The caller closes the channel. */
    ReadableByteChannel open() throws IOException;

    /**
     * Makes a blob of them, without the bytes coming here: whole and visible to every node when
     * this returns. They have to have been verified before, by the digest that {@link #stat} has or
     * by reading them.
     *
     * @param digest that was found
     * @throws IOException nothing that was not verified is published
     */
    void publish(String location, Sha256 digest) throws IOException;

    /** Nothing more is wanted of them. What cannot be removed now goes with the upload. */
    @Override
    void close();
  }
}
