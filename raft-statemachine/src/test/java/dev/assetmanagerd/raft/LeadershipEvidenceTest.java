package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.List;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.junit.jupiter.api.Test;

class LeadershipEvidenceTest {
  private static final long LAPSE = 100;
  private static final RaftPeerId SELF = RaftPeerId.valueOf("n1");

  private final LeadershipEvidence evidence = new LeadershipEvidence(LAPSE, () -> {});
  private final LeadershipEvidence.Follower second = evidence.newFollower(RaftPeerId.valueOf("n2"));
  private final LeadershipEvidence.Follower third = evidence.newFollower(RaftPeerId.valueOf("n3"));
  private final RaftConfiguration three = new Members(List.of("n1", "n2", "n3"), List.of());

  @Test
  void aLeaderAloneProvesNothing() {
    assertThat(evidence.majoritySince(three, SELF, 0)).isFalse();
    assertThat(evidence.majoritySince(new Members(List.of("n1"), List.of()), SELF, 0)).isTrue();
  }

  @Test
  void theTimeOfMakingTheRequestCountsNotThatOfTheAnswer() {
    second.made(1, 1_000);
    assertThat(evidence.majoritySince(three, SELF, 1_000)).isFalse();
    second.replied(1, true);
    assertThat(evidence.majoritySince(three, SELF, 1_000)).isTrue();
    assertThat(evidence.majoritySince(three, SELF, 1_001)).isFalse();
  }

  @Test
  void aRefusalIsNoProof() {
    second.made(1, 1_000);
    second.replied(1, false);
    assertThat(evidence.majoritySince(three, SELF, 500)).isFalse();
  }

  @Test
  void anAnswerToAnUnknownRequestIsNoProof() {
    second.replied(99, true);
    assertThat(evidence.majoritySince(three, SELF, Long.MIN_VALUE / 2)).isFalse();
  }

  @Test
  void anOldAnswerDoesNotTakeANewerProofBack() {
    second.made(1, 1_000);
    second.made(2, 1_050);
    second.replied(2, true);
    second.replied(1, true);
    assertThat(evidence.majoritySince(three, SELF, 1_050)).isTrue();
  }

  @Test
  void contactIsUnbrokenOnlyWithoutALapse() {
    prove(third, 1, 1_000);
    prove(third, 2, 1_000 + LAPSE);
    assertThat(evidence.majorityUnbroken(three, SELF, 1_050, 1_000)).isTrue();
    assertThat(evidence.majorityUnbroken(three, SELF, 1_050, 999)).isFalse();
    prove(third, 3, 1_000 + LAPSE + LAPSE + 1);
    assertThat(evidence.majorityUnbroken(three, SELF, 1_200, 1_100)).isFalse();
    assertThat(evidence.majorityUnbroken(three, SELF, 1_200, 1_201)).isTrue();
  }

  @Test
  void ofANewTermNothingIsKnown() {
    prove(second, 1, 1_000);
    evidence.newFollower(RaftPeerId.valueOf("n2"));
    assertThat(evidence.majoritySince(three, SELF, 500)).isFalse();
  }

  @Test
  void whileMembersChangeBothMajoritiesCount() {
    var changing = new Members(List.of("n1", "n2", "n3"), List.of("n1", "n3", "n4"));
    prove(second, 1, 1_000);
    assertThat(evidence.majoritySince(changing, SELF, 500)).isFalse();
    prove(third, 1, 1_000);
    assertThat(evidence.majoritySince(changing, SELF, 500)).isTrue();
  }

  private static void prove(LeadershipEvidence.Follower follower, long callId, long madeNanos) {
    follower.made(callId, madeNanos);
    follower.replied(callId, true);
  }

  private record Members(List<String> current, List<String> previous) implements RaftConfiguration {
    @Override
    public RaftPeer getPeer(RaftPeerId id, RaftPeerRole... roles) {
      return peer(id.toString());
    }

    @Override
    public Collection<RaftPeer> getAllPeers(RaftPeerRole role) {
      return getCurrentPeers(role);
    }

    @Override
    public Collection<RaftPeer> getCurrentPeers(RaftPeerRole roles) {
      return current.stream().map(Members::peer).toList();
    }

    @Override
    public Collection<RaftPeer> getPreviousPeers(RaftPeerRole roles) {
      return previous.stream().map(Members::peer).toList();
    }

    @Override
    public long getLogEntryIndex() {
      return 0;
    }

    private static RaftPeer peer(String id) {
      return RaftPeer.newBuilder().setId(id).build();
    }
  }
}
