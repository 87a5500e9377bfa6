package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.raft.Founding;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a node whose directory was restored from a backup may conclude, before it starts there for
 * the first time. All that restore one backup are of one lineage, so the directory does not tell
 * whether the node has been restored before, has voted since, and has lost that.
 *
 * <p>A majority has to be of the restored cluster, or about to be; whoever has begun knows who else
 * has taken part, by its registry. What remains: a node that is restored again within a second of
 * its first vote, or where nobody answers but one who lags behind and one who has not begun.
 * Immutable.
 */
final class RestoredRule implements FoundingRule {
  private final String clusterId;
  private final String nodeId;
  private final String lineage;
  private final Set<String> founders;

  /**
   * @param lineage that the backup gives
   * @param founders ids of all, this node's included
   */
  RestoredRule(String clusterId, String nodeId, String lineage, Set<String> founders) {
    this.clusterId = clusterId;
    this.nodeId = nodeId;
    this.lineage = lineage;
    this.founders = Set.copyOf(founders);
  }

  @Override
  public Optional<Founding> judge(Map<String, Foundation> answers) throws RefusedException {
    int companions = 1;
    for (Map.Entry<String, Foundation> answer : answers.entrySet()) {
      FoundingRule.requireExpected(clusterId, answer.getKey(), answer.getValue());
      if (!answer.getValue().getLineage().equals(lineage)) {
        continue; // of the cluster that there was, or fresh: no companion
      }
      if (answer.getValue().getTakenPartList().contains(nodeId)) {
        throw new RefusedException(
            ("%s knows that %s has taken part in the restored cluster before: restored again, it would have"
                    + " forgotten its votes. \"assetmanagerd node rebuild\" brings it back from the others")
                .formatted(answer.getKey(), nodeId));
      }
      if (answer.getValue().getState() == Foundation.State.STATE_WAITING) {
        FoundingRule.requireSameFounders(
            founders, answer.getKey(), answer.getValue().getFounderIdsList());
      }
      companions++;
    }
    return companions > founders.size() / 2
        ? Optional.of(new Founding(lineage, Collections.emptySortedMap()))
        : Optional.empty();
  }
}
