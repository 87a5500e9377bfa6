package dev.assetmanagerd.raft;

/**
 * Told when this node starts and stops leading. Calls come one at a time, in order, on a thread of
 * the node's own that may be kept for a moment but not blocked.
 */
public interface LeadershipListener {
  /** This node leads and has applied everything of earlier terms. */
  void onLeaderReady(long term);

  /** This node leads no more, or may not. */
  void onLeadershipLost();
}
