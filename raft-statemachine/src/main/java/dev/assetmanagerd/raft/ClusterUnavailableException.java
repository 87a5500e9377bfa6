package dev.assetmanagerd.raft;

/**
 * The cluster could not serve a call in time: no leader, no majority, too much queued, or stopping.
 */
public final class ClusterUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;
  private final boolean outcomeUnknown;

  /** Why; callers map it to a status code. */
  public enum Reason {
    /** No leader is known or reachable, or leadership moved. Try again, or another node. */
    NO_LEADER,
    /** A queue is at its limit. Try again after a while. */
    OVERLOADED,
    /** The caller's deadline passed. */
    DEADLINE,
    /** This node is stopping. Try another node. */
    STOPPING
  }

  public ClusterUnavailableException(Reason reason, boolean outcomeUnknown, String message) {
    super(message);
    this.reason = reason;
    this.outcomeUnknown = outcomeUnknown;
  }

  public Reason reason() {
    return reason;
  }

  /** True when the command may have been, or may yet be, applied. False: certainly not. */
  public boolean outcomeUnknown() {
    return outcomeUnknown;
  }
}
