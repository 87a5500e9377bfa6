package dev.assetmanagerd.storage.blob;

import java.io.IOException;

/**
 * A location that is malformed, or that leads out of the store. The message says which rule it
 * breaks.
 */
public final class InvalidLocationException extends IOException {
  private static final long serialVersionUID = 1L;

  public InvalidLocationException(String location, String rule) {
    super("location \"" + location + "\" " + rule);
  }
}
