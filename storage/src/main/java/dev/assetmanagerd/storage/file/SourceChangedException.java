package dev.assetmanagerd.storage.file;

import java.io.IOException;
import java.nio.file.Path;

/** A file that was being copied changed its size meanwhile, so the copy is worth nothing. */
public final class SourceChangedException extends IOException {
  private static final long serialVersionUID = 1L;

  SourceChangedException(Path source, long expectedBytes, long actualBytes) {
    super(
        source
            + " changed while it was copied: "
            + expectedBytes
            + " bytes before, "
            + actualBytes
            + " after");
  }
}
