package dev.assetmanagerd.registry;

/**
 * The database failed: an I/O error, a corrupt file, a statement that should not fail. Never a
 * business rule.
 */
public final class RegistryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public RegistryException(String message, Throwable cause) {
    super(message, cause);
  }

  public RegistryException(String message) {
    super(message);
  }
}
