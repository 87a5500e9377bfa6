package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.v1.CheckClusterResponse.Verdict;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the hashes of the members at one log position mean. More than half of the voters decide what
 * is right, those that gave no hash counted among them: a committed write is on as many, and no two
 * halves can both be right.
 *
 * @param verdict in one word
 * @param majorityHash what is right; empty where nothing has a majority
 * @param deviating ids of the members with another hash than the majority's
 */
record ReplicaVerdict(Verdict verdict, Optional<String> majorityHash, Set<String> deviating) {
  /**
   * The hash of one member.
   *
   * @param voter not a listener, which holds a copy and decides nothing
   * @param hash empty where it gave none
   */
  record Replica(String nodeId, boolean voter, Optional<String> hash) {}

  ReplicaVerdict {
    deviating = Set.copyOf(deviating);
  }

  static ReplicaVerdict of(List<Replica> replicas) {
    Optional<String> majority = majority(replicas.stream().filter(Replica::voter).toList());
    boolean complete = replicas.stream().allMatch(replica -> replica.hash().isPresent());
    if (majority.isEmpty()) {
      long different =
          replicas.stream().flatMap(replica -> replica.hash().stream()).distinct().count();
      return new ReplicaVerdict(
          different > 1 ? Verdict.VERDICT_UNDECIDED : Verdict.VERDICT_INCOMPLETE,
          majority,
          Set.of());
    }
    Set<String> deviating =
        replicas.stream()
            .filter(replica -> replica.hash().isPresent() && !replica.hash().equals(majority))
            .map(Replica::nodeId)
            .collect(Collectors.toUnmodifiableSet());
    if (!deviating.isEmpty()) {
      return new ReplicaVerdict(Verdict.VERDICT_DEVIATING, majority, deviating);
    }
    return new ReplicaVerdict(
        complete ? Verdict.VERDICT_EQUAL : Verdict.VERDICT_INCOMPLETE, majority, deviating);
  }

  private static Optional<String> majority(List<Replica> voters) {
    Map<String, Integer> votes = new HashMap<>();
    voters.forEach(voter -> voter.hash().ifPresent(hash -> votes.merge(hash, 1, Integer::sum)));
    return votes.entrySet().stream()
        .filter(entry -> entry.getValue() * 2 > voters.size())
        .map(Map.Entry::getKey)
        .findFirst();
  }
}
