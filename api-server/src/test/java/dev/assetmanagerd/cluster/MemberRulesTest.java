package dev.assetmanagerd.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.cluster.MembershipException.Rule;
import dev.assetmanagerd.raft.Member;
import dev.assetmanagerd.raft.Members;
import dev.assetmanagerd.raft.PeerSpec;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class MemberRulesTest {
  private static final Set<String> ALL = Set.of("n1", "n2", "n3", "n4", "n5");

  @Test
  void aVoterMayGoWhereAMajorityOfTheOthersAnswers() {
    assertThat(MemberRules.removed(voters(3), voter(3), ALL::contains, false))
        .containsExactly(voter(1), voter(2));
    assertThat(MemberRules.removed(voters(3), voter(3), Set.of("n1", "n2")::contains, false))
        .as("the dead one of three")
        .containsExactly(voter(1), voter(2));
  }

  @Test
  void aVoterMayNotGoWhereTheOthersWouldBeNoMajorityWhoeverInsists() {
    for (boolean force : List.of(false, true)) {
      assertThat(
              broken(
                  () ->
                      MemberRules.removed(
                          voters(3), voter(2), Set.of("n1", "n2")::contains, force)))
          .satisfies(e -> assertThat(e.rule()).isEqualTo(Rule.MAJORITY))
          .hasMessage("without n2, 2 of 2 voters have to answer, and n3 do not");
    }
  }

  @Test
  void aVoterThatAnswersIsKeptWhileOneThatDoesNotIsThere() {
    Set<String> alive = Set.of("n1", "n2", "n3", "n4");
    assertThat(broken(() -> MemberRules.removed(voters(5), voter(4), alive::contains, false)))
        .satisfies(e -> assertThat(e.rule()).isEqualTo(Rule.MAJORITY))
        .hasMessageContaining("n4 answers and n5 does not")
        .hasMessageContaining("--force");
    assertThat(MemberRules.removed(voters(5), voter(4), alive::contains, true)).hasSize(4);
    assertThat(MemberRules.removed(voters(5), voter(5), alive::contains, false)).hasSize(4);
  }

  @Test
  void theLastVoterStays() {
    Members members = new Members(List.of(voter(1), listener(2)), 7, true);
    assertThat(broken(() -> MemberRules.removed(members, voter(1), ALL::contains, true)).rule())
        .isEqualTo(Rule.LAST_VOTER);
    assertThat(MemberRules.removed(members, listener(2), Set.of("n1")::contains, false))
        .containsExactly(voter(1));
  }

  @Test
  void aListenerBecomesAVoterWhereTheyAreAMajorityThen() {
    Members members = new Members(List.of(voter(1), voter(2), voter(3), listener(4)), 7, true);
    assertThat(MemberRules.promoted(members, listener(4), Set.of("n1", "n2", "n4")::contains))
        .containsExactlyInAnyOrder(voter(1), voter(2), voter(3), voter(4));
    assertThat(
            broken(() -> MemberRules.promoted(members, listener(4), Set.of("n1", "n2")::contains)))
        .hasMessage("with n4 as a voter, 3 of 4 voters have to answer, and n3, n4 do not");
  }

  @Test
  void aReplacementTakesTheRoleOfTheOneThatGoes() {
    Members members =
        new Members(List.of(voter(1), voter(2), voter(3), listener(4), listener(5)), 7, true);
    assertThat(
            MemberRules.replaced(
                members, voter(3), listener(4), Set.of("n1", "n2", "n4")::contains))
        .containsExactlyInAnyOrder(voter(1), voter(2), voter(4), listener(5));
    assertThat(MemberRules.replaced(members, listener(5), listener(4), ALL::contains))
        .containsExactlyInAnyOrder(voter(1), voter(2), voter(3), listener(4));
  }

  @Test
  void anIdOrAddressThatIsTakenIsRefused() {
    PeerSpec again = voter(2).peer();
    MemberRules.mayBeAdded(voters(3), again);
    assertThat(
            broken(
                () ->
                    MemberRules.mayBeAdded(
                        voters(3), new PeerSpec("n2", "h9:1", again.apiAddress()))))
        .satisfies(e -> assertThat(e.rule()).isEqualTo(Rule.ADDRESS_TAKEN))
        .hasMessageContaining("n2 is a member already, at h2:1/h2:2");
    assertThat(broken(() -> MemberRules.mayBeAdded(voters(3), new PeerSpec("n9", "h2:1", "h9:2"))))
        .hasMessageContaining("n9 uses an address of member n2");
  }

  private static MembershipException broken(ThrowingCallable change) {
    MembershipException broken = catchThrowableOfType(MembershipException.class, change);
    assertThat(broken).as("a rule that is broken").isNotNull();
    return broken;
  }

  private static Members voters(int count) {
    return new Members(
        IntStream.rangeClosed(1, count).mapToObj(MemberRulesTest::voter).toList(), 7, true);
  }

  private static Member voter(int n) {
    return new Member(new PeerSpec("n" + n, "h" + n + ":1", "h" + n + ":2"), true);
  }

  private static Member listener(int n) {
    return new Member(new PeerSpec("n" + n, "h" + n + ":1", "h" + n + ":2"), false);
  }
}
