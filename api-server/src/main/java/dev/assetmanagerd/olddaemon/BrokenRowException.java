package dev.assetmanagerd.olddaemon;

/** A row cannot be what it should be. The message says which column and why. */
final class BrokenRowException extends Exception {
  private static final long serialVersionUID = 1L;

  BrokenRowException(String message) {
    super(message, null, false, false);
  }
}
