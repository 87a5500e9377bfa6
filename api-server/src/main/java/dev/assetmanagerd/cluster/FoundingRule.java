package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.raft.Founding;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What a node that has never taken part may conclude from what the other founders say. */
interface FoundingRule {
  /**
   * Judges what the others have said.
   *
   * @param answers by the id that is expected of who gave it; of those that answered
   * @return what this node founds; empty while others have to be heard
   * @throws RefusedException when it must not
   */
  Optional<Founding> judge(Map<String, Foundation> answers) throws RefusedException;

  /** That this node must not take part; the message says why, and what to do. */
  final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
      super(message);
    }
  }

  /** Refuses lists of founders that differ: each would count majorities in its own way. */
  static void requireSameFounders(Set<String> founders, String id, Collection<String> theirs)
      throws RefusedException {
    Set<String> named = Set.copyOf(theirs);
    if (!named.equals(founders)) {
      throw new RefusedException(
          "CLUSTER_PEERS names %s here and %s on %s: founders have to agree on who they are"
              .formatted(new TreeSet<>(founders), new TreeSet<>(named), id));
    }
  }

  /** Refuses what does not come from whom CLUSTER_PEERS says. */
  static void requireExpected(String clusterId, String id, Foundation answer)
      throws RefusedException {
    if (!answer.getClusterId().equals(clusterId)) {
      throw new RefusedException(
          "%s, which CLUSTER_PEERS names, is of cluster \"%s\"; CLUSTER_ID says that this node is of \"%s\""
              .formatted(id, answer.getClusterId(), clusterId));
    }
    if (!answer.getNodeId().equals(id)) {
      throw new RefusedException(
          "where CLUSTER_PEERS says that %s is, the API is that of %s"
              .formatted(id, answer.getNodeId()));
    }
  }
}
