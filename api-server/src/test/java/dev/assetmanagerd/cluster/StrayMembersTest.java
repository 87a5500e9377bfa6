package dev.assetmanagerd.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.node.v1.GetFoundationRequest;
import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.node.v1.TellOfMembershipRequest;
import dev.assetmanagerd.node.v1.TellOfMembershipResponse;
import dev.assetmanagerd.raft.ClusterName;
import dev.assetmanagerd.raft.Member;
import dev.assetmanagerd.raft.MemberProgress;
import dev.assetmanagerd.raft.NotLeaderException;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StrayMembersTest {
  private final FakeNode self = new FakeNode();
  private final Queue<TellOfMembershipRequest> told = new ConcurrentLinkedQueue<>();
  private volatile String lineage = "founded-2";
  private Server member;

  @BeforeEach
  void start() throws IOException {
    self.index = CompletableFuture.completedFuture(7L);
    member =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(new Stray())
            .build()
            .start();
  }

  @AfterEach
  void stop() {
    member.shutdownNow();
  }

  @Test
  void aSilentMemberThatBeganAnotherLifeIsTold() {
    look(-1);
    assertThat(told)
        .singleElement()
        .isEqualTo(
            TellOfMembershipRequest.newBuilder()
                .setClusterId("prod")
                .setLineage("founded-1")
                .setNodeId("n2")
                .setLeaderId("n1")
                .build());
  }

  @Test
  void nobodyIsToldWhileThisNodeCannotProveThatItLeads() {
    self.index = CompletableFuture.failedFuture(new NotLeaderException("n3"));
    look(-1);
    assertThat(told).isEmpty();
  }

  @Test
  void oneOfTheSameLifeAndOneThatAnswersTheLeaderAreLeftAlone() {
    lineage = "founded-1";
    look(60_000);
    assertThat(told).as("the same life").isEmpty();
    lineage = "founded-2";
    look(500);
    assertThat(told).as("answers the leader").isEmpty();
  }

  private void look(long contactMillis) {
    StrayMembers strays =
        new StrayMembers(
            new ClusterName("prod", "founded-1"),
            "n1",
            () ->
                List.of(
                    new Member(new PeerSpec("n1", "127.0.0.1:1", "127.0.0.1:1"), true),
                    new Member(
                        new PeerSpec("n2", "127.0.0.1:1", "127.0.0.1:" + member.getPort()), true)),
            id -> new MemberProgress(-1, contactMillis),
            self,
            ChannelSecurity.PLAIN,
            Runnable::run);
    assertThat(strays.look()).succeedsWithin(Duration.ofSeconds(20));
  }

  private final class Stray extends NodeServiceGrpc.NodeServiceImplBase {
    @Override
    public void getFoundation(GetFoundationRequest request, StreamObserver<Foundation> observer) {
      Replies.send(
          CompletableFuture.completedFuture(
              Foundation.newBuilder()
                  .setClusterId("prod")
                  .setNodeId("n2")
                  .setState(Foundation.State.STATE_BEGUN)
                  .setLineage(lineage)
                  .putFounders("n2", "a")
                  .build()),
          observer);
    }

    @Override
    public void tellOfMembership(
        TellOfMembershipRequest request, StreamObserver<TellOfMembershipResponse> observer) {
      told.add(request);
      Replies.send(
          CompletableFuture.completedFuture(TellOfMembershipResponse.getDefaultInstance()),
          observer);
    }
  }
}
