package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.Optional;

/** Read access to blobs. Thread-safe; blocks for I/O. */
public interface BlobReader {
  /**
   * Size of the blob, or empty when there is none at the location. The location in the answer is
   * the one way of writing it that identifies the blob; keep that one.
   *
   * @throws InvalidLocationException when the location is not one of this store's
   */
  Optional<BlobStat> stat(String location) throws IOException;

  /**
   * Opens the blob for reading from an offset on; from beyond its end, there is nothing to read.
   * The caller closes the channel.
   *
   * @throws java.nio.file.NoSuchFileException when there is no blob
   * @throws InvalidLocationException when the location is not one of this store's
   */
  ReadableByteChannel open(String location, long offset) throws IOException;

  /**
   * As {@link #open(String, long)}, for a reader who wants no more than so many bytes and closes
   * the channel then; there may be more to read. A store that is far away need not send more.
   */
  default ReadableByteChannel open(String location, long offset, long length) throws IOException {
    return open(location, offset);
  }

  /**
   * The blob as a file on this host, where the store is one of files; empty where it has to be
   * fetched. The file must not be written to.
   *
   * @throws java.nio.file.NoSuchFileException when there is no blob
   * @throws InvalidLocationException when the location is not one of this store's
   */
  Optional<Path> localFile(String location) throws IOException;

  /**
   * Has the next read of a blob ask the disk or the server for what this host remembers of it, as
   * far as the host lets itself be told to.
   *
   * @throws java.nio.file.NoSuchFileException when there is no blob
   * @throws InvalidLocationException when the location is not one of this store's
   */
  default void dropCached(String location) throws IOException {}
}
