package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.raft.Founding;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a node with an empty directory may conclude from what the other founders say. Immutable.
 *
 * <p>A cluster is named after the directories of all its founders, so a node joins one under that
 * name only if it knows all of them, or is told by one that has begun that its own is among them.
 * Nothing follows from silence. Whatever is concluded, no two directories of one node can be in the
 * same cluster; that does not rest on who answers, or when.
 */
final class FreshRule implements FoundingRule {
  private final String clusterId;
  private final String nodeId;
  private final String incarnation;
  private final Set<String> founders;

  /**
   * @param incarnation of this node's directory
   * @param founders ids of all, this node's included
   */
  FreshRule(String clusterId, String nodeId, String incarnation, Set<String> founders) {
    this.clusterId = clusterId;
    this.nodeId = nodeId;
    this.incarnation = incarnation;
    this.founders = Set.copyOf(founders);
  }

  @Override
  public Optional<Founding> judge(Map<String, Foundation> answers) throws RefusedException {
    for (Map.Entry<String, Foundation> answer : answers.entrySet()) {
      FoundingRule.requireExpected(clusterId, answer.getKey(), answer.getValue());
    }
    for (Foundation answer : answers.values()) {
      if (incarnation.equals(answer.getFoundersMap().get(nodeId))) {
        return Optional.of(begunWith(answer));
      }
    }
    for (Foundation answer : answers.values()) {
      if (answer.getState() == Foundation.State.STATE_BEGUN || !answer.getLineage().isEmpty()) {
        throw begunWithout(answer);
      }
      FoundingRule.requireSameFounders(founders, answer.getNodeId(), answer.getFounderIdsList());
      if (answer.getIncarnation().isEmpty()) {
        throw new RefusedException(
            answer.getNodeId()
                + " does not say which directory it has: its program is another one");
      }
    }
    if (!answers.keySet().containsAll(others())) {
      return Optional.empty();
    }
    Map<String, String> all = new TreeMap<>(Map.of(nodeId, incarnation));
    answers.forEach((id, answer) -> all.put(id, answer.getIncarnation()));
    return Optional.of(Founding.of(clusterId, all));
  }

  private Set<String> others() {
    Set<String> others = new HashSet<>(founders);
    others.remove(nodeId);
    return others;
  }

  private Founding begunWith(Foundation answer) throws RefusedException {
    FoundingRule.requireSameFounders(
        founders, answer.getNodeId(), answer.getFoundersMap().keySet());
    Founding founding = Founding.of(clusterId, answer.getFoundersMap());
    if (!founding.lineage().equals(answer.getLineage())) {
      throw new RefusedException(
          "%s says that it was founded with this node, but is of lineage \"%s\" instead of %s"
              .formatted(answer.getNodeId(), answer.getLineage(), founding.lineage()));
    }
    return founding;
  }

  private RefusedException begunWithout(Foundation answer) {
    return new RefusedException(
        ("%s is part of cluster %s, which was not founded with this node's empty directory: %s has, or may have,"
                + " taken part before. If its disk is not mounted, mount it. If the data are lost,"
                + " \"assetmanagerd node rebuild\" brings it back from the others. If it never was a"
                + " member, start it with CLUSTER_JOIN")
            .formatted(answer.getNodeId(), clusterId, nodeId));
  }
}
