package dev.assetmanagerd.build;

import io.grpc.Status;

/** A call of builderd that did not succeed. */
final class BuilderdException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What a failed call means for a build that was asked for. */
  enum Meaning {
    /** builderd certainly did not take it, and may do so later. */
    NOT_TAKEN,
    /** builderd certainly did not take it and will not take it either when asked again. */
    REFUSED,
    /** builderd may have taken it. */
    UNKNOWN
  }

  private final Status.Code code;
  private final Meaning meaning;

  BuilderdException(Status.Code code, Meaning meaning, String message) {
    super(message);
    this.code = code;
    this.meaning = meaning;
  }

  Status.Code code() {
    return code;
  }

  Meaning meaning() {
    return meaning;
  }
}
