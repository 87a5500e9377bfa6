package dev.assetmanagerd.raft;

/** The cluster has removed this node from its members; it can take no part any more. */
public final class RemovedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message for people: who was removed from what
   */
  public RemovedException(String message) {
    super(message);
  }
}
