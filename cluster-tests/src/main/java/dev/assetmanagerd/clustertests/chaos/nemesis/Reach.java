package dev.assetmanagerd.clustertests.chaos.nemesis;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Who reaches whom while links are cut, each way by itself. There is a quorum when some node, with
 * those that it hears and that hear it, is a majority: who leads has to be answered. Belongs to one
 * thread.
 */
final class Reach {
  private record Link(String from, String to) {}

  private final List<String> nodes;
  private final Set<Link> cut = new HashSet<>();

  /** Everybody reaches everybody. */
  Reach(Collection<String> nodes) {
    this.nodes = List.copyOf(nodes);
  }

  /** Nothing that one sends reaches the other; the way back stays as it is. */
  void cut(String from, String to) {
    cut.add(new Link(from, to));
  }

  /** Whether there is a node that can lead. */
  boolean hasQuorum() {
    return nodes.stream().anyMatch(this::canLead);
  }

  private boolean canLead(String node) {
    long followers =
        nodes.stream()
            .filter(other -> !other.equals(node))
            .filter(other -> !cut.contains(new Link(node, other)))
            .filter(other -> !cut.contains(new Link(other, node)))
            .count();
    return followers + 1 > nodes.size() / 2;
  }
}
