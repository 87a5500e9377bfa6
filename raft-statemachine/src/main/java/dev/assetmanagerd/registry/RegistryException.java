package dev.assetmanagerd.registry;

/**
 * The database failed: an I/O error, a corrupt file, a statement that should not fail, an entry
 * that this program cannot apply. Never a business rule.
 */
public sealed class RegistryException extends RuntimeException permits RegistryBusyException {
  private static final long serialVersionUID = 1L;

  public RegistryException(String message, Throwable cause) {
    super(message, cause);
  }

  public RegistryException(String message) {
    super(message);
  }
}
