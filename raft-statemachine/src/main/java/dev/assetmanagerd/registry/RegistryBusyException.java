package dev.assetmanagerd.registry;

/**
 * Nothing is wrong with the database, but it could not serve the call within the time allowed: all
 * reading connections are in use, or another copy is being made. Trying again later helps.
 */
public final class RegistryBusyException extends RegistryException {
  private static final long serialVersionUID = 1L;

  public RegistryBusyException(String message) {
    super(message);
  }
}
