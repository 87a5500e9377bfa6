package dev.assetmanagerd.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.ListMembersRequest;
import dev.assetmanagerd.cluster.v1.ListMembersResponse;
import dev.assetmanagerd.cluster.v1.Member;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.raft.ClusterName;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import dev.assetmanagerd.raft.NotLeaderException;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Deadline;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The link against the service it talks to, over real connections. */
class NodeLinksTest {
  private static final ProposeResponse RESPONSE = ProposeResponse.newBuilder().setIndex(7).build();

  private final FakeNode node = new FakeNode();
  private int port;
  private Server server;
  private NodeLinks links;

  @BeforeEach
  void start() throws IOException {
    server = serve(0);
    port = server.getPort();
    links =
        new NodeLinks(
            List.of(new PeerSpec("n2", "127.0.0.1:1", "127.0.0.1:" + port)), ChannelSecurity.PLAIN);
  }

  @AfterEach
  void stop() {
    links.close();
    server.shutdownNow();
  }

  @Test
  void commandsAndReadIndexesGoThereAndTheAnswerComesBack() {
    node.proposed = CompletableFuture.completedFuture(RESPONSE);
    node.index = CompletableFuture.completedFuture(42L);

    assertThat(propose(seconds(10))).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(RESPONSE);
    assertThat(links.readIndex("n2", seconds(10)))
        .succeedsWithin(Duration.ofSeconds(10))
        .isEqualTo(42L);
  }

  @Test
  void whoAnswersForAnotherClusterOrLifeOfItIsNotBelieved() {
    ClusterName own = new ClusterName("prod", "restored-1");
    assertThat(links.isMember("n2", own, "n3", seconds(10)))
        .succeedsWithin(Duration.ofSeconds(10))
        .isEqualTo(true);
    assertThat(links.isMember("n2", own, "n4", seconds(10)))
        .succeedsWithin(Duration.ofSeconds(10))
        .isEqualTo(false);
    for (ClusterName other :
        List.of(new ClusterName("prod", ""), new ClusterName("test", "restored-1"))) {
      assertThat(failure(links.isMember("n2", other, "n4", seconds(10))))
          .as("asked for %s", other)
          .isInstanceOf(ClusterUnavailableException.class)
          .hasMessageContaining("another cluster answers");
    }
  }

  @Test
  void theCallersDeadlineTravelsAlong() {
    node.proposed = CompletableFuture.completedFuture(RESPONSE);

    assertThat(propose(seconds(3600))).succeedsWithin(Duration.ofSeconds(10));

    assertThat(node.lastDeadline.timeRemaining(TimeUnit.SECONDS)).isBetween(3500L, 3600L);
  }

  @Test
  void aNodeThatDoesNotLeadSaysWhoDoes() {
    node.proposed = CompletableFuture.failedFuture(new NotLeaderException("n3"));

    assertThat(failure(propose(seconds(10))))
        .asInstanceOf(throwable(NotLeaderException.class))
        .satisfies(failure -> assertThat(failure.leaderId()).isEqualTo("n3"));

    node.proposed = CompletableFuture.failedFuture(new NotLeaderException(null));
    assertThat(failure(propose(seconds(10))))
        .asInstanceOf(throwable(NotLeaderException.class))
        .satisfies(failure -> assertThat(failure.leaderId()).isNull());
  }

  @ParameterizedTest
  @EnumSource(Reason.class)
  void whyTheLeaderCouldNotAndWhetherItMayHaveSurvivesTheHop(Reason reason) {
    for (boolean unknown : new boolean[] {true, false}) {
      node.proposed =
          CompletableFuture.failedFuture(new ClusterUnavailableException(reason, unknown, "why"));

      assertThat(failure(propose(seconds(10))))
          .hasMessage("why")
          .asInstanceOf(throwable(ClusterUnavailableException.class))
          .satisfies(failure -> assertThat(failure.reason()).isEqualTo(reason))
          .satisfies(failure -> assertThat(failure.outcomeUnknown()).isEqualTo(unknown));
    }
  }

  @Test
  void anErrorThatSaysNothingLeavesTheOutcomeUnknown() {
    node.proposed = CompletableFuture.failedFuture(new IllegalStateException("a bug"));

    assertUnavailable(failure(propose(seconds(10))), Reason.NO_LEADER, true);
  }

  @Test
  void aCallThatWasNeverSentCertainlyChangedNothing() throws Exception {
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);

    assertUnavailable(failure(propose(seconds(10))), Reason.NO_LEADER, false);
  }

  @Test
  void aConnectionThatBreaksUnderACallLeavesItsOutcomeUnknown() {
    CompletableFuture<ProposeResponse> call = propose(seconds(30));
    Awaitility.await().until(() -> node.lastDeadline.timeRemaining(TimeUnit.SECONDS) > 1);

    server.shutdownNow();

    assertUnavailable(failure(call), Reason.NO_LEADER, true);
  }

  @Test
  void aDeadlineThatPassesUnderACallLeavesItsOutcomeUnknown() {
    assertUnavailable(
        failure(propose(Deadline.after(300, TimeUnit.MILLISECONDS))), Reason.DEADLINE, true);
  }

  @Test
  void aNodeThatComesBackIsReachedAtOnce() throws Exception {
    node.proposed = CompletableFuture.completedFuture(RESPONSE);
    assertThat(propose(seconds(10))).succeedsWithin(Duration.ofSeconds(10));
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    // Long enough for gRPC's own pauses between attempts to have grown beyond the wait below.
    for (int i = 0; i < 8; i++) {
      assertThat(failure(propose(seconds(10)))).isInstanceOf(ClusterUnavailableException.class);
    }

    server = serve(port);

    Awaitility.await()
        .atMost(Duration.ofSeconds(5))
        .pollInterval(Duration.ofMillis(20))
        .untilAsserted(() -> assertThat(propose(seconds(2))).succeedsWithin(Duration.ofSeconds(3)));
  }

  @Test
  void aNodeThatIsNoMemberIsRefused() {
    assertThatThrownBy(() -> links.readIndex("n9", seconds(1)).get())
        .hasRootCauseMessage("no member is called n9");
  }

  @Test
  void afterCloseNothingIsSent() throws Exception {
    links.close();

    assertUnavailable(failure(propose(seconds(5))), Reason.NO_LEADER, false);
  }

  private Server serve(int onPort) throws IOException {
    return NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), onPort))
        .addService(
            new NodeGrpcService(node, new CachedBlobStreams(Optional.empty()), node.aloneChecked()))
        .addService(new Members())
        .build()
        .start();
  }

  /** Tells that n2 and n3 are the members of a cluster that was restored from a backup. */
  private static final class Members extends ClusterServiceGrpc.ClusterServiceImplBase {
    @Override
    public void listMembers(
        ListMembersRequest request, StreamObserver<ListMembersResponse> observer) {
      Replies.send(
          CompletableFuture.completedFuture(
              ListMembersResponse.newBuilder()
                  .setClusterId("prod")
                  .setLineage("restored-1")
                  .addMembers(Member.newBuilder().setNodeId("n2"))
                  .addMembers(Member.newBuilder().setNodeId("n3"))
                  .build()),
          observer);
    }
  }

  private CompletableFuture<ProposeResponse> propose(Deadline deadline) {
    return links.propose("n2", ProposeRequest.getDefaultInstance(), deadline);
  }

  private static Deadline seconds(int seconds) {
    return Deadline.after(seconds, TimeUnit.SECONDS);
  }

  private static Throwable failure(CompletableFuture<?> future) {
    try {
      Object value = future.get(20, TimeUnit.SECONDS);
      throw new AssertionError("should have failed, but was " + value);
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause());
    } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
      throw new AssertionError("no answer", e);
    }
  }

  private static void assertUnavailable(Throwable failure, Reason reason, boolean outcomeUnknown) {
    assertThat(failure)
        .asInstanceOf(throwable(ClusterUnavailableException.class))
        .satisfies(it -> assertThat(it.reason()).isEqualTo(reason))
        .satisfies(
            it -> assertThat(it.outcomeUnknown()).as(it.toString()).isEqualTo(outcomeUnknown));
  }
}
