package dev.assetmanagerd.raft;

/** Certainly nothing was proposed, and another try, here or elsewhere, may well succeed. */
final class NotProposedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NotProposedException(String message) {
    super(message);
  }
}
