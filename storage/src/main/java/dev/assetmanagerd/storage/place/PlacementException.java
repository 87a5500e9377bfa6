package dev.assetmanagerd.storage.place;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Files could not be placed; those that this request had not finished are removed again. */
public final class PlacementException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Reason {
    /** A file name or path that is not allowed, or two items with one name. */
    INVALID_NAME,
    /** The target directory is not under an allowed root, or leads out of it by a symbolic link. */
    OUTSIDE_ROOTS,
    /** Something else is where a directory or file is to be. */
    IN_THE_WAY,
    /** There is no such source, or it is not a file. */
    SOURCE_MISSING,
    /** The source changed while it was copied. */
    SOURCE_CHANGED,
    /** The file system of the target is full. */
    NO_SPACE,
    /** Files cannot be given to the owner that was asked for. */
    OWNER_REFUSED,
    /** The process may not write there. */
    PERMISSION,
    /** The file system of the target is read-only. */
    READ_ONLY,
    /** Any other I/O error. */
    IO
  }

  private final Reason reason;

  PlacementException(Reason reason, Path path, String what, @Nullable Throwable cause) {
    this(reason, path + ": " + what, cause);
  }

  PlacementException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
