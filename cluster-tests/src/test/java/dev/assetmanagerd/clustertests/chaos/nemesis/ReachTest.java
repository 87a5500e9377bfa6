package dev.assetmanagerd.clustertests.chaos.nemesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ReachTest {
  private final Reach three = new Reach(List.of("a", "b", "c"));
  private final Reach five = new Reach(List.of("a", "b", "c", "d", "e"));

  private static void part(Reach reach, String one, String other) {
    reach.cut(one, other);
    reach.cut(other, one);
  }

  @Test
  void aLeaderThatIsOnlyHeardOrOnlyHearsLeavesAQuorumOfTheOthers() {
    three.cut("a", "b");
    three.cut("a", "c");
    assertThat(three.hasQuorum()).as("mute: b and c reach each other").isTrue();
    five.cut("b", "a");
    five.cut("c", "a");
    five.cut("d", "a");
    five.cut("e", "a");
    assertThat(five.hasQuorum()).as("deaf").isTrue();
  }

  @Test
  void oneWayLinksThatLeaveNobodyWithAnAnsweringMajorityLeaveNoQuorum() {
    three.cut("a", "b");
    three.cut("b", "c");
    assertThat(three.hasQuorum()).as("a and c reach each other").isTrue();
    three.cut("c", "a");
    assertThat(three.hasQuorum()).as("all are heard, in a ring").isFalse();
  }

  @Test
  void aNodeBetweenTwoSidesIsAQuorumWithBoth() {
    part(three, "a", "b");
    assertThat(three.hasQuorum()).isTrue();
    part(three, "a", "c");
    assertThat(three.hasQuorum()).as("b and c").isTrue();
    part(three, "b", "c");
    assertThat(three.hasQuorum()).as("everybody alone").isFalse();
  }

  @Test
  void twoOfFiveAreNoMajority() {
    for (String one : List.of("a", "b")) {
      for (String other : List.of("c", "d", "e")) {
        part(five, one, other);
      }
    }
    assertThat(five.hasQuorum()).isTrue();
    part(five, "c", "d");
    part(five, "d", "e");
    assertThat(five.hasQuorum()).as("c and e, a and b, d").isFalse();
  }
}
