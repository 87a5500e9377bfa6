package dev.assetmanagerd.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.cluster.v1.CheckClusterResponse;
import dev.assetmanagerd.cluster.v1.CheckClusterResponse.Verdict;
import dev.assetmanagerd.cluster.v1.CheckedReplica;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.ReplicasChecked;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.node.v1.ReplicaHash;
import dev.assetmanagerd.raft.Member;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three members that answer over gRPC; n1 leads and compares. */
class ReplicaCheckTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private final List<FakeNode> nodes = List.of(new FakeNode(), new FakeNode(), new FakeNode());
  private final List<ReplicaCheck> checks = new ArrayList<>();
  private final List<PeerSpec> members = new ArrayList<>();
  private final List<Server> servers = new ArrayList<>();
  private final List<NodeLinks> links = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    for (int i = 0; i < nodes.size(); i++) {
      // The links need everybody's port, so every service looks its check up when it is called.
      int self = i;
      servers.add(
          NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .addService(new LateNode(nodes.get(i), () -> checks.get(self)))
              .build()
              .start());
      members.add(
          new PeerSpec("n" + (i + 1), "127.0.0.1:1", "127.0.0.1:" + servers.get(i).getPort()));
    }
    for (int i = 0; i < nodes.size(); i++) {
      String self = members.get(i).id();
      links.add(
          new NodeLinks(
              members.stream().filter(member -> !member.id().equals(self)).toList(),
              ChannelSecurity.PLAIN));
      checks.add(
          new ReplicaCheck(
              self,
              () -> members.stream().map(member -> new Member(member, true)).toList(),
              nodes.get(i),
              links.get(i),
              ForkJoinPool.commonPool(),
              System::nanoTime));
    }
    nodes.get(0).proposed =
        CompletableFuture.completedFuture(
            ProposeResponse.newBuilder()
                .addOutcomes(
                    Outcome.newBuilder().setReplicasChecked(ReplicasChecked.getDefaultInstance()))
                .setIndex(7)
                .build());
    nodes.get(0).handedOver = CompletableFuture.completedFuture(null);
  }

  @AfterEach
  void stop() {
    links.forEach(NodeLinks::close);
    servers.forEach(Server::shutdownNow);
  }

  private void hashes(String... hashes) {
    for (int i = 0; i < hashes.length; i++) {
      nodes.get(i).replicaHash =
          ReplicaHash.newBuilder()
              .setState(ReplicaHash.State.STATE_DONE)
              .setIndex(7)
              .setHash(hashes[i])
              .build();
    }
  }

  private CheckClusterResponse run() {
    CompletableFuture<CheckClusterResponse> result = checks.get(0).run();
    assertThat(result).succeedsWithin(SOON);
    return result.join();
  }

  @Test
  void equalReplicasAreSaidToBeSo() {
    hashes("a", "a", "a");

    CheckClusterResponse response = run();

    assertThat(response.getVerdict()).isEqualTo(Verdict.VERDICT_EQUAL);
    assertThat(response.getIndex()).isEqualTo(7);
    assertThat(nodes.get(1).lastCheckId)
        .isEqualTo(response.getCheckId())
        .isEqualTo(nodes.get(0).proposals.element().getCommands(0).getCheckReplicas().getCheckId());
    assertThat(nodes).allSatisfy(node -> assertThat(node.quarantined).isEmpty());
    assertThat(checks.get(0).counters().checks(Verdict.VERDICT_EQUAL)).isEqualTo(1);
    assertThat(checks.get(0).counters().differing()).isZero();
  }

  @Test
  void aFollowerThatDiffersStopsAndNobodyElse() {
    hashes("a", "a", "wrong");

    CheckClusterResponse response = run();

    assertThat(response.getVerdict()).isEqualTo(Verdict.VERDICT_DEVIATING);
    assertThat(response.getReplicasList())
        .extracting(CheckedReplica::getDeviates)
        .containsExactly(false, false, true);
    assertThat(nodes.get(2).quarantined)
        .hasValueSatisfying(
            reason -> assertThat(reason).contains("index 7").contains("wrong").contains(" a"));
    assertThat(nodes.get(0).quarantined).isEmpty();
    assertThat(nodes.get(1).quarantined).isEmpty();
    assertThat(checks.get(0).counters().differing()).isEqualTo(1);
  }

  @Test
  void aLeaderThatDiffersHandsLeadershipToOneOfTheMajorityAndStops() {
    hashes("wrong", "a", "a");

    assertThat(run().getVerdict()).isEqualTo(Verdict.VERDICT_DEVIATING);

    assertThat(nodes.get(0).handedOverTo).contains("n2");
    assertThat(nodes.get(0).quarantined).isPresent();
    assertThat(nodes.get(1).quarantined).isEmpty();
    assertThat(nodes.get(2).quarantined).isEmpty();
  }

  @Test
  void aLeaderThatCannotHandOverStopsAllTheSame() {
    hashes("wrong", "a", "a");
    nodes.get(0).handedOver = CompletableFuture.failedFuture(new IllegalStateException("no"));

    assertThat(run().getVerdict()).isEqualTo(Verdict.VERDICT_DEVIATING);

    assertThat(nodes.get(0).quarantined).isPresent();
  }

  @Test
  void whereNobodyHasAMajorityNobodyStops() {
    hashes("a", "b", "c");

    assertThat(run().getVerdict()).isEqualTo(Verdict.VERDICT_UNDECIDED);

    assertThat(nodes).allSatisfy(node -> assertThat(node.quarantined).isEmpty());
    assertThat(checks.get(0).counters().differing()).isEqualTo(3);
  }

  @Test
  void aNodeDoesNotTakeAnybodysWordForIt() {
    hashes("a", "a", "a");
    assertThat(checks.get(2).leaveIfDeviating("check"))
        .failsWithin(SOON)
        .withThrowableThat()
        .withMessageContaining("not known to differ");

    hashes("a", "b", "c");
    assertThat(checks.get(2).leaveIfDeviating("check")).failsWithin(SOON);
    nodes.get(1).replicaHash =
        ReplicaHash.newBuilder().setState(ReplicaHash.State.STATE_RUNNING).build();
    nodes.get(0).replicaHash = nodes.get(1).replicaHash;
    assertThat(checks.get(2).leaveIfDeviating("check")).failsWithin(SOON);
    assertThat(nodes.get(2).quarantined).isEmpty();
  }

  @Test
  void aHashThatTakesItsTimeIsWaitedForAndOneThatFailedIsLeftOut() {
    hashes("a", "a", "a");
    nodes.get(1).replicaHash =
        ReplicaHash.newBuilder().setState(ReplicaHash.State.STATE_RUNNING).build();
    nodes.get(2).replicaHash =
        ReplicaHash.newBuilder().setState(ReplicaHash.State.STATE_FAILED).setError("why").build();
    CompletableFuture<CheckClusterResponse> result = checks.get(0).run();
    assertThat(checks.get(0).run()).as("asked meanwhile").isNotDone();
    assertThat(result).isNotDone();
    hashes("a", "a");

    assertThat(result)
        .succeedsWithin(SOON)
        .satisfies(
            response -> {
              assertThat(response.getVerdict()).isEqualTo(Verdict.VERDICT_INCOMPLETE);
              assertThat(response.getReplicas(2).getError()).isEqualTo("why");
            });
    assertThat(nodes.get(0).proposals).as("one check for both who asked").hasSize(1);
  }

  @Test
  void aLeaderComparesAgainAndAgainUntilItLeadsNoMore() {
    hashes("a", "a", "a");
    ReplicaCheckSchedule schedule =
        new ReplicaCheckSchedule(checks.get(0), Duration.ofMillis(50), ForkJoinPool.commonPool());
    schedule.onLeaderReady(1);
    Awaitility.await().atMost(SOON).until(() -> nodes.get(0).proposals.size() >= 3);

    schedule.onLeadershipLost();

    AtomicInteger seen = new AtomicInteger(-1);
    Awaitility.await("no further check")
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(400))
        .until(
            () -> seen.getAndSet(nodes.get(0).proposals.size()) == nodes.get(0).proposals.size());
    assertThat(checks.get(0).counters().checks(Verdict.VERDICT_EQUAL)).isGreaterThanOrEqualTo(2);
  }

  @Test
  void anIntervalOfZeroIsNever() {
    ReplicaCheckSchedule schedule =
        new ReplicaCheckSchedule(
            checks.get(0),
            Duration.ZERO,
            task -> {
              throw new AssertionError("nothing is to be run");
            });

    schedule.onLeaderReady(1);

    assertThat(nodes.get(0).proposals).isEmpty();
  }

  @Test
  void aClusterOfAnOlderFormatLevelIsSaidWhatToDo() {
    nodes.get(0).proposed =
        CompletableFuture.completedFuture(
            ProposeResponse.newBuilder()
                .addOutcomes(
                    Outcome.newBuilder()
                        .setRejection(Rejection.newBuilder().setMessage("run `cluster upgrade`")))
                .build());

    assertThat(checks.get(0).run())
        .failsWithin(SOON)
        .withThrowableThat()
        .withMessageContaining("FAILED_PRECONDITION: run `cluster upgrade`");
    assertThat(checks.get(0).counters().differing()).isZero();
  }
}
