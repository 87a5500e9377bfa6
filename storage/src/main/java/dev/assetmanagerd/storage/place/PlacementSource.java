package dev.assetmanagerd.storage.place;

import java.nio.file.Path;

/** What a placed file is made of. */
public sealed interface PlacementSource {
  /**
   * A file of this host.
   *
   * @param path an existing regular file; never written to
   */
  record OfFile(Path path) implements PlacementSource {}

  /**
   * A few bytes that are no file here. The array must not change any more.
   *
   * @param name for messages
   * @param bytes the content
   */
  // An array in a record compares by identity, and nobody compares these.
  @SuppressWarnings("ArrayRecordComponent")
  record OfBytes(String name, byte[] bytes) implements PlacementSource {}
}
