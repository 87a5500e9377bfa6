package dev.assetmanagerd.storage.http;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP source that did not give what was asked for. The message is for whoever gave the address:
 * it names the source and the reason, and no secrets.
 */
public final class HttpSourceException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure it is. */
  public enum Kind {
    /** Not to be reached, broken off, or overloaded; another time it may work. */
    UNAVAILABLE,
    /** The object is another one than it was a moment ago. */
    CHANGED,
    /** The source answers, but not with the object, or not in a way that can be used. */
    REFUSED
  }

  private final Kind kind;

  HttpSourceException(Kind kind, HttpLocation location, String reason, @Nullable Throwable cause) {
    super(location.shown() + " " + reason, cause);
    this.kind = kind;
  }

  /** What kind of failure it is. */
  public Kind kind() {
    return kind;
  }
}
