package dev.assetmanagerd.raft;

import org.jspecify.annotations.Nullable;

/** The node asked does not lead; nothing was proposed. */
public final class NotLeaderException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final @Nullable String leaderId;

  /**
   * @param leaderId who does, as far as the node knows; null while it knows none
   */
  public NotLeaderException(@Nullable String leaderId) {
    super("not the leader; the leader is " + (leaderId == null ? "not known" : leaderId));
    this.leaderId = leaderId;
  }

  public @Nullable String leaderId() {
    return leaderId;
  }
}
