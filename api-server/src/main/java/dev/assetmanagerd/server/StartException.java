package dev.assetmanagerd.server;

/** The node cannot start; the message says why in one sentence. Nothing is left running. */
final class StartException extends Exception {
  private static final long serialVersionUID = 1L;

  StartException(String message) {
    super(message);
  }

  StartException(String message, Throwable cause) {
    super(message, cause);
  }
}
