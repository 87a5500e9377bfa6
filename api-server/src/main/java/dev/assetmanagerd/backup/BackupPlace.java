package dev.assetmanagerd.backup;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Where the cluster keeps backups: all nodes see the same. Files are known by their location, a URL
 * below that of the place. Thread-safe; blocks for I/O, and every call ends in time also when the
 * place does not answer, with a {@link
 * dev.assetmanagerd.storage.blob.BlobStoreUnavailableException}.
 */
public interface BackupPlace extends AutoCloseable {
  /** The location of a file of this name, whether or not there is one. */
  String location(String name);

  /**
   * Looks whether the place can be used at all.
   *
   * @throws IOException saying why not
   */
  void check() throws IOException;

  /**
   * Whether what {@link #check} has thrown says that the place did not answer, and not that it is
   * the wrong one.
   */
  boolean isSilence(IOException failure);

  /** Steps in it that take longer than they may, at this moment. */
  int hanging();

  /** Puts a file there; it is whole and durable when this returns, or not to be seen. */
  void put(Path file, String location, BackupManifest.Part part) throws IOException;

  /**
   * Opens one; the caller closes it.
   *
   * @throws java.nio.file.NoSuchFileException when there is none
   */
  InputStream open(String location) throws IOException;

  /** Size of one; empty when there is none. */
  OptionalLong size(String location) throws IOException;

  /**
   * Deletes one, and what an interrupted {@link #put} of it has left. No error when there is none.
   */
  void delete(String location) throws IOException;

  @Override
  void close();
}
