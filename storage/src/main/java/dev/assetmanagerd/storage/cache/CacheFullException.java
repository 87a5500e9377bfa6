package dev.assetmanagerd.storage.cache;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** There is no room for a blob, and nothing that may be evicted for it; nothing was begun. */
public final class CacheFullException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Why there is no room. */
  public enum Reason {
    /** The blob alone is larger than the cache may be. */
    LARGER_THAN_CACHE,
    /** All that is in the cache is in use, leased or being fetched. */
    ALL_IN_USE,
    /** The disk below is full, though the cache is within its limit. */
    DISK_FULL
  }

  private final Reason reason;

  /**
   * @param reason why
   * @param message for people, with the figures
   * @param cause what the disk said; null where it was not asked
   */
  public CacheFullException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Why there is no room. */
  public Reason reason() {
    return reason;
  }
}
