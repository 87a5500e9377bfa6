package dev.assetmanagerd.storage.blob;

import java.io.IOException;

/**
 * A location that is malformed, or that leads out of the store. The message says which rule it
 * breaks, and can be logged whatever the location holds.
 */
public final class InvalidLocationException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final int MAX_SHOWN = 128;

  /**
   * @param location as it was given
   * @param rule the rest of the sentence that begins with the location
   */
  public InvalidLocationException(String location, String rule) {
    super("location \"" + printable(location) + "\" " + rule);
  }

  private static String printable(String location) {
    StringBuilder shown = new StringBuilder();
    for (int i = 0; i < Math.min(location.length(), MAX_SHOWN); i++) {
      char c = location.charAt(i);
      if (LocationSyntax.isUnprintable(c)) {
        shown.append(String.format("\\u%04x", (int) c));
      } else {
        shown.append(c);
      }
    }
    return location.length() > MAX_SHOWN ? shown.append('…').toString() : shown.toString();
  }
}
