package dev.assetmanagerd.raft;

/**
 * One member of the cluster as Raft's configuration has it.
 *
 * @param peer who and where it is
 * @param voter whether it votes and counts for majorities; a listener only follows
 */
public record Member(PeerSpec peer, boolean voter) {
  /** Node id, unique in the cluster. */
  public String id() {
    return peer.id();
  }

  /** {@code voter} or {@code listener}. */
  public String role() {
    return voter ? "voter" : "listener";
  }
}
