package dev.assetmanagerd.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.cluster.FoundingRule.RefusedException;
import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.raft.Founding;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FoundingRuleTest {
  private static final Set<String> IDS = Set.of("n1", "n2", "n3");

  @Test
  void allFoundersComeToTheSameConclusion() throws Exception {
    Founding first = judge("n1", "a1", Map.of("n2", waits("n2", "b1"), "n3", waits("n3", "c1")));
    Founding second = judge("n2", "b1", Map.of("n1", waits("n1", "a1"), "n3", waits("n3", "c1")));
    assertThat(first).isEqualTo(second);
    assertThat(first.founders()).isEqualTo(Map.of("n1", "a1", "n2", "b1", "n3", "c1"));
    assertThat(first.lineage()).matches("founded-[0-9a-f]{16}");
  }

  @Test
  void nothingFollowsFromSilence() throws Exception {
    assertThat(rule("n1", "a1").judge(Map.of())).isEmpty();
    assertThat(rule("n1", "a1").judge(Map.of("n2", waits("n2", "b1")))).isEmpty();
  }

  @Test
  void whoeverWasKnownToAFounderThatHasBegunMayComeMuchLater() throws Exception {
    Founding founding = Founding.of("prod", Map.of("n1", "a1", "n2", "b1", "n3", "c1"));
    assertThat(rule("n3", "c1").judge(Map.of("n2", begun("n2", founding)))).contains(founding);
  }

  @Test
  void anEmptiedDirectoryIsRefusedByAnyThatHasBegun() {
    Founding founding = Founding.of("prod", Map.of("n1", "a1", "n2", "b1", "n3", "c1"));
    refused("n3", "c2", begun("n2", founding))
        .hasMessageContaining("n2 is part of cluster prod")
        .hasMessageContaining("n3 has, or may have, taken part before")
        .hasMessageContaining("node rebuild");
    refused("n3", "c2", begun("n2", founding).toBuilder().clearFounders().setLineage("").build())
        .hasMessageContaining("taken part before");
  }

  @Test
  void configurationsThatDoNotFitAreNamed() {
    Foundation waits = waits("n2", "b1");
    refused("n1", "a1", waits.toBuilder().setClusterId("test").build())
        .hasMessageContaining("n2, which CLUSTER_PEERS names, is of cluster \"test\"");
    refused("n1", "a1", waits.toBuilder().setNodeId("n3").build())
        .hasMessageContaining("says that n2 is, the API is that of n3");
    refused("n1", "a1", waits.toBuilder().clearFounderIds().addFounderIds("n2").build())
        .hasMessageContaining("names [n1, n2, n3] here and [n2] on n2");
    refused("n1", "a1", waits.toBuilder().clearIncarnation().build())
        .hasMessageContaining("n2 does not say which directory it has");
    Founding pair = Founding.of("prod", Map.of("n1", "a1", "n2", "b1"));
    refused("n1", "a1", begun("n2", pair))
        .hasMessageContaining("names [n1, n2, n3] here and [n1, n2] on n2");
  }

  /**
   * Nodes start, are cut off from each other, lose their directories and are told to start again,
   * in any order. Whatever happens, a group has at most one directory of each node: no vote is ever
   * forgotten within one.
   */
  @Test
  void noGroupEverHasTwoDirectoriesOfOneNode() throws Exception {
    for (int seed = 0; seed < 20_000; seed++) {
      new Play(seed).run();
    }
  }

  /** A history of founders that lose their disks. */
  private static final class Play {
    private final Random random;
    private final int seed;
    private final Map<String, String> directories = new HashMap<>();
    private final Map<String, Founding> begun = new HashMap<>();
    private final Map<String, Map<String, Foundation>> heard = new HashMap<>();
    private final Map<String, Set<String>> directoriesByNodeAndLineage = new HashMap<>();
    private int names;

    Play(int seed) {
      this.seed = seed;
      this.random = new Random(seed);
      IDS.forEach(this::wipe);
    }

    void run() {
      for (int step = 0; step < 40; step++) {
        String id = List.copyOf(IDS).get(random.nextInt(IDS.size()));
        switch (random.nextInt(8)) {
          case 0 -> wipe(id);
          case 1, 2 -> decide(id);
          default -> hear(id);
        }
      }
    }

    private void wipe(String id) {
      directories.put(id, id + "-" + names++);
      begun.remove(id);
      heard.put(id, new HashMap<>());
    }

    /** What was heard stays true of the moment at which it was said only. */
    private void hear(String id) {
      List<String> others = IDS.stream().filter(other -> !other.equals(id)).toList();
      String other = others.get(random.nextInt(others.size()));
      Founding theirs = begun.get(other);
      answers(id)
          .put(other, theirs == null ? waits(other, directory(other)) : begun(other, theirs));
    }

    private void decide(String id) {
      if (begun.containsKey(id)) {
        return;
      }
      Optional<Founding> founding;
      try {
        founding = rule(id, directory(id)).judge(answers(id));
      } catch (RefusedException refused) {
        return;
      }
      if (founding.isPresent()) {
        begun.put(id, founding.get());
        assertThat(founding.get().includes(id, directory(id))).as("seed %d", seed).isTrue();
        Set<String> used =
            directoriesByNodeAndLineage.computeIfAbsent(
                id + "/" + founding.get().lineage(), any -> new HashSet<>());
        used.add(directory(id));
        assertThat(used).as("seed %d: directories of %s in one group", seed, id).hasSize(1);
      }
    }

    private String directory(String id) {
      return directories.getOrDefault(id, "");
    }

    private Map<String, Foundation> answers(String id) {
      return heard.computeIfAbsent(id, any -> new HashMap<>());
    }
  }

  private static org.assertj.core.api.AbstractThrowableAssert<?, ?> refused(
      String nodeId, String incarnation, Foundation answer) {
    return assertThatThrownBy(() -> rule(nodeId, incarnation).judge(Map.of("n2", answer)))
        .isInstanceOf(RefusedException.class);
  }

  private static Founding judge(String id, String incarnation, Map<String, Foundation> answers)
      throws RefusedException {
    return rule(id, incarnation).judge(answers).orElseThrow();
  }

  private static FreshRule rule(String nodeId, String incarnation) {
    return new FreshRule("prod", nodeId, incarnation, IDS);
  }

  private static Foundation waits(String id, String incarnation) {
    return Foundation.newBuilder()
        .setClusterId("prod")
        .setNodeId(id)
        .setState(Foundation.State.STATE_WAITING)
        .setIncarnation(incarnation)
        .addAllFounderIds(IDS)
        .build();
  }

  private static Foundation begun(String id, Founding founding) {
    return Foundation.newBuilder()
        .setClusterId("prod")
        .setNodeId(id)
        .setState(Foundation.State.STATE_BEGUN)
        .setLineage(founding.lineage())
        .putAllFounders(founding.founders())
        .build();
  }
}
