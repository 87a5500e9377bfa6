package dev.assetmanagerd.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc.ClusterServiceBlockingStub;
import dev.assetmanagerd.cluster.v1.GetClusterStatusRequest;
import dev.assetmanagerd.cluster.v1.GetClusterStatusResponse;
import dev.assetmanagerd.cluster.v1.TransferLeadershipRequest;
import dev.assetmanagerd.cluster.v1.TransferLeadershipResponse;
import dev.assetmanagerd.cluster.v1.UpgradeClusterRequest;
import dev.assetmanagerd.cluster.v1.UpgradeClusterResponse;
import dev.assetmanagerd.log.v1.FormatLevelRaised;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.raft.NotLeaderException;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.registry.FormatLevels;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three members: n1 is asked, n2 is another node, n3 is down. */
class ClusterGrpcServiceTest {
  private final FakeNode n1 = new FakeNode();
  private final FakeNode n2 = new FakeNode();
  private Server n2Server;
  private Server n1Server;
  private NodeLinks links;
  private ManagedChannel channel;
  private List<PeerSpec> members = List.of();

  @SuppressWarnings("NullAway") // no call about members is made here
  @BeforeEach
  void start() throws IOException {
    n2Server =
        serve(new NodeGrpcService(n2, new CachedBlobStreams(Optional.empty()), n2.aloneChecked()));
    PeerSpec self = new PeerSpec("n1", "127.0.0.1:11", "127.0.0.1:12");
    PeerSpec other = new PeerSpec("n2", "127.0.0.1:21", "127.0.0.1:" + n2Server.getPort());
    PeerSpec down = new PeerSpec("n3", "127.0.0.1:31", "127.0.0.1:1");
    links = new NodeLinks(List.of(other, down), ChannelSecurity.PLAIN);
    members = List.of(self, other, down);
    MemberStatuses statuses = new MemberStatuses("n1", () -> members, n1, links);
    n1Server =
        serve(
            new ClusterGrpcService(
                "test",
                () -> members,
                statuses,
                new LeadershipTransfer(
                    "n1", n1, links, ForkJoinPool.commonPool(), System::nanoTime),
                new FormatUpgrade(statuses, n1),
                null,
                n1.aloneChecked()));
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", n1Server.getPort()).usePlaintext().build();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    links.close();
    n1Server.shutdownNow();
    n2Server.shutdownNow();
  }

  @Test
  void allMembersAreAskedAndTheOneThatIsDownIsListed() {
    n1.status = CompletableFuture.completedFuture(status("n1", "leader", 3, "127.0.0.1:12"));
    n2.status = CompletableFuture.completedFuture(status("n2", "leader", 4, "elsewhere:9"));

    GetClusterStatusResponse response =
        cluster().getClusterStatus(GetClusterStatusRequest.getDefaultInstance());

    assertThat(response.getClusterId()).isEqualTo("test");
    assertThat(response.getLeader()).as("the leader of the latest term").isEqualTo("elsewhere:9");
    assertThat(response.getNodesList())
        .extracting(NodeStatus::getNodeId)
        .containsExactly("n1", "n2", "n3");
    assertThat(response.getNodes(2))
        .satisfies(node -> assertThat(node.getRole()).isEqualTo("unreachable"))
        .satisfies(node -> assertThat(node.getRaftAddress()).isEqualTo("127.0.0.1:31"))
        .satisfies(node -> assertThat(node.getError()).contains("n3 did not answer"));
  }

  @Test
  void aMemberThatHangsDoesNotHoldUpTheAnswer() {
    n1.status = CompletableFuture.completedFuture(status("n1", "follower", 3, "127.0.0.1:12"));

    GetClusterStatusResponse response =
        cluster().getClusterStatus(GetClusterStatusRequest.getDefaultInstance());

    assertThat(response.getLeader()).isEmpty();
    assertThat(response.getNodes(1).getRole()).isEqualTo("unreachable");
    assertThat(response.getNodes(1).getError()).contains("DEADLINE_EXCEEDED");
  }

  @Test
  void leadershipIsMovedByTheNodeThatHasIt() {
    n1.leader.set("n2");
    n2.handedOver = new CompletableFuture<>();
    var unused =
        CompletableFuture.runAsync(
            () -> {
              n1.leader.set("n3");
              n2.handedOver.complete(null);
            },
            CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS));

    TransferLeadershipResponse response =
        cluster()
            .transferLeadership(TransferLeadershipRequest.newBuilder().setNodeId("n3").build());

    assertThat(response.getLeaderId()).isEqualTo("n3");
    assertThat(response.getTookMillis()).isBetween(100L, 20_000L);
    assertThat(n2.handedOverTo).contains("n3");
  }

  @Test
  void leadershipThatIsThereAlreadyIsLeftAlone() {
    n1.leader.set("n2");

    assertThat(
            cluster()
                .transferLeadership(TransferLeadershipRequest.newBuilder().setNodeId("n2").build())
                .getLeaderId())
        .isEqualTo("n2");
    assertThat(n2.handedOverTo).isEmpty();
  }

  @Test
  void leadershipDoesNotMoveToAStranger() {
    assertThatThrownBy(
            () ->
                cluster()
                    .transferLeadership(
                        TransferLeadershipRequest.newBuilder().setNodeId("n9").build()))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("INVALID_ARGUMENT: node_id: n9 is not a member")
        .hasMessageContaining("n1, n2, n3");
  }

  @Test
  void leadershipDoesNotMoveWhileNobodyLeadsOrTheLeaderChanges() {
    assertThatThrownBy(this::transferToAny).hasMessageContaining("UNAVAILABLE: no leader is known");

    n1.leader.set("n2");
    n2.handedOver = CompletableFuture.failedFuture(new NotLeaderException("n1"));
    assertThatThrownBy(this::transferToAny).hasMessageContaining("FAILED_PRECONDITION");
  }

  @Test
  void theFormatLevelIsNotRaisedWhileAMemberIsDownOrTooOld() {
    n1.status = CompletableFuture.completedFuture(knows("n1", FormatLevels.HIGHEST));
    n2.status = CompletableFuture.completedFuture(knows("n2", 0));

    assertThatThrownBy(this::upgrade)
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("FAILED_PRECONDITION")
        .hasMessageContaining("node n2 (there) runs version old, which knows levels up to 2")
        .hasMessageContaining("node n3 (127.0.0.1:1) does not answer");
    assertThat(n1.proposals).isEmpty();
  }

  @Test
  void theFormatLevelIsRaisedWhenAllMembersKnowIt() {
    members = members.subList(0, 2);
    n1.status = CompletableFuture.completedFuture(knows("n1", FormatLevels.HIGHEST));
    n2.status = CompletableFuture.completedFuture(knows("n2", FormatLevels.HIGHEST + 1));
    n1.proposed =
        CompletableFuture.completedFuture(
            outcome(
                Outcome.newBuilder()
                    .setFormatLevelRaised(
                        FormatLevelRaised.newBuilder().setFromLevel(2).setLevel(3))));

    UpgradeClusterResponse response = upgrade();

    assertThat(response.getFromFormatLevel()).isEqualTo(2);
    assertThat(response.getFormatLevel()).isEqualTo(3);
    assertThat(response.getNodesCount()).isEqualTo(2);
    assertThat(n1.proposals)
        .singleElement()
        .satisfies(
            request ->
                assertThat(request.getCommands(0).getRaiseFormatLevel().getLevel())
                    .isEqualTo(FormatLevels.HIGHEST));
  }

  @Test
  void aLevelThatCannotBeRaisedIsSaidWhy() {
    members = members.subList(0, 1);
    n1.status = CompletableFuture.completedFuture(knows("n1", FormatLevels.HIGHEST));
    n1.proposed =
        CompletableFuture.completedFuture(
            outcome(
                Outcome.newBuilder()
                    .setRejection(Rejection.newBuilder().setMessage("it is higher already"))));

    assertThatThrownBy(this::upgrade)
        .hasMessageContaining("FAILED_PRECONDITION: it is higher already");
  }

  @CanIgnoreReturnValue
  private UpgradeClusterResponse upgrade() {
    return cluster().upgradeCluster(UpgradeClusterRequest.getDefaultInstance());
  }

  private static ProposeResponse outcome(Outcome.Builder outcome) {
    return ProposeResponse.newBuilder().addOutcomes(outcome).build();
  }

  private static NodeStatus knows(String id, int level) {
    return status(id, "follower", 1, "there").toBuilder()
        .setVersion("old")
        .setFormatLevelMax(level)
        .build();
  }

  private void transferToAny() {
    TransferLeadershipResponse unexpected =
        cluster().transferLeadership(TransferLeadershipRequest.getDefaultInstance());
    throw new AssertionError("should have failed: " + unexpected);
  }

  private ClusterServiceBlockingStub cluster() {
    return ClusterServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private static NodeStatus status(String id, String role, long term, String api) {
    return NodeStatus.newBuilder()
        .setNodeId(id)
        .setRole(role)
        .setTerm(term)
        .setApiAddress(api)
        .build();
  }

  private static Server serve(BindableService service) throws IOException {
    return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .addService(service)
        .build()
        .start();
  }
}
