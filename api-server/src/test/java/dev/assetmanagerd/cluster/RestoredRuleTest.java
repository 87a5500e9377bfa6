package dev.assetmanagerd.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.cluster.FoundingRule.RefusedException;
import dev.assetmanagerd.node.v1.Foundation;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RestoredRuleTest {
  private static final String LINEAGE = "restored-1";

  private final RestoredRule rule =
      new RestoredRule("prod", "n3", LINEAGE, Set.of("n1", "n2", "n3"));

  @Test
  void aMajorityThatWasRestoredFromTheSameBackupStarts() throws Exception {
    assertThat(rule.judge(Map.of())).isEmpty();
    assertThat(rule.judge(Map.of("n1", waits("n1", LINEAGE)))).isPresent();
  }

  @Test
  void nodesOfTheFormerClusterAndFreshOnesAreNoCompanions() throws Exception {
    assertThat(
            rule.judge(
                Map.of("n1", begun("n1", "founded-1", List.of("n3")), "n2", waits("n2", ""))))
        .isEmpty();
  }

  @Test
  void whoComesLaterForTheFirstTimeStarts() throws Exception {
    assertThat(rule.judge(Map.of("n1", begun("n1", LINEAGE, List.of("n1", "n2"))))).isPresent();
  }

  @Test
  void thoseThatWereRestoredAgreeOnWhoTheyAre() {
    Foundation other = waits("n1", LINEAGE).toBuilder().addFounderIds("n4").build();
    assertThatThrownBy(() -> rule.judge(Map.of("n1", other)))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("names [n1, n2, n3] here and [n1, n2, n3, n4] on n1");
  }

  @Test
  void whoHasTakenPartSinceIsNotRestoredAgain() {
    assertThatThrownBy(
            () ->
                rule.judge(
                    Map.of(
                        "n1", begun("n1", LINEAGE, List.of("n1")),
                        "n2", begun("n2", LINEAGE, List.of("n1", "n2", "n3")))))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("n2 knows that n3 has taken part")
        .hasMessageContaining("node rebuild");
  }

  private static Foundation waits(String id, String lineage) {
    return Foundation.newBuilder()
        .setClusterId("prod")
        .setNodeId(id)
        .setState(Foundation.State.STATE_WAITING)
        .setLineage(lineage)
        .addAllFounderIds(List.of("n1", "n2", "n3"))
        .build();
  }

  private static Foundation begun(String id, String lineage, List<String> takenPart) {
    return Foundation.newBuilder()
        .setClusterId("prod")
        .setNodeId(id)
        .setState(Foundation.State.STATE_BEGUN)
        .setLineage(lineage)
        .addAllTakenPart(takenPart)
        .build();
  }
}
