package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.blob.Spool;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The right bytes of a blob, or why there are none. Close it.
 *
 * @param staged a file on its way into the store that has them; empty where there is none
 * @param spool that has made the file
 * @param reason why there is none; empty where there is
 */
record Replacement(Optional<Path> staged, Optional<Spool> spool, String reason)
    implements AutoCloseable {
  static Replacement of(Path staged, Spool spool) {
    return new Replacement(Optional.of(staged), Optional.of(spool), "");
  }

  static Replacement none(String reason) {
    return new Replacement(Optional.empty(), Optional.empty(), reason);
  }

  boolean isThere() {
    return staged.isPresent();
  }

  @Override
  public void close() {
    spool.ifPresent(Spool::close);
  }
}
