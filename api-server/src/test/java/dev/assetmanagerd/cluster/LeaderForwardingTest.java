package dev.assetmanagerd.cluster;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import dev.assetmanagerd.garbage.v1.ExplainAssetRequest;
import dev.assetmanagerd.garbage.v1.ExplainAssetResponse;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc.GarbageServiceBlockingStub;
import dev.assetmanagerd.garbage.v1.SweepOrphansRequest;
import dev.assetmanagerd.garbage.v1.SweepOrphansResponse;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two nodes with a real connection between them: n1 is asked, and n2 leads as a rule. */
class LeaderForwardingTest {
  private static final Metadata.Key<String> INDEX = key("assetmanager-index");
  private static final Metadata.Key<String> TRAILER = key("assetmanager-trailer");
  private static final Set<String> METHODS =
      Set.of(GarbageServiceGrpc.getSweepOrphansMethod().getFullMethodName());
  private static final SweepOrphansRequest REQUEST =
      SweepOrphansRequest.newBuilder().setMinAgeSeconds(77).build();

  private final FakeNode first = new FakeNode();
  private final FakeNode second = new FakeNode();
  private final Garbage firstService = new Garbage("n1");
  private final Garbage secondService = new Garbage("n2");
  private Server firstServer;
  private Server secondServer;
  private NodeLinks firstLinks;
  private NodeLinks secondLinks;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    secondLinks = new NodeLinks(List.of(peer("n1", 1)), ChannelSecurity.PLAIN);
    secondServer = serve(new LeaderForwarding("n2", second, secondLinks, METHODS), secondService);
    firstLinks = new NodeLinks(List.of(peer("n2", secondServer.getPort())), ChannelSecurity.PLAIN);
    firstServer = serve(new LeaderForwarding("n1", first, firstLinks, METHODS), firstService);
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", firstServer.getPort()).usePlaintext().build();
    first.leader.set("n2");
    second.leader.set("n2");
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    firstServer.shutdownNow();
    secondServer.shutdownNow();
    firstLinks.close();
    secondLinks.close();
  }

  @Test
  void aCallToAFollowerIsAnsweredByTheLeaderWithItsHeaders() {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    AtomicReference<Metadata> trailers = new AtomicReference<>();

    SweepOrphansResponse response =
        stub()
            .withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(headers, trailers))
            .sweepOrphans(REQUEST);

    assertThat(response.getOrphanBlobCount()).as("what came back").isEqualTo(77);
    assertThat(secondService.served.get()).isEqualTo(REQUEST);
    assertThat(firstService.served.get()).as("served by the follower itself").isNull();
    assertThat(requireNonNull(headers.get()).get(INDEX)).isEqualTo("4711");
    assertThat(requireNonNull(trailers.get()).get(TRAILER)).isEqualTo("n2");
  }

  @Test
  void theLeaderAnswersItself() {
    first.leader.set("n1");

    stub().sweepOrphans(REQUEST);

    assertThat(firstService.served.get()).isEqualTo(REQUEST);
    assertThat(secondService.served.get()).isNull();
  }

  @Test
  void otherMethodsAreAnsweredWhereTheyCome() {
    ExplainAssetResponse response = stub().explainAsset(ExplainAssetRequest.getDefaultInstance());

    assertThat(response.getAsset().getId()).isEqualTo("n1");
  }

  @Test
  void headersOfOursTravelAlongAndOthersDoNot() {
    Metadata headers = new Metadata();
    headers.put(key("idempotency-key"), "once");
    headers.put(key("assetmanager-consistency"), "linearizable");
    headers.put(key("authorization"), "secret");

    stub()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .sweepOrphans(REQUEST);

    Metadata received = Objects.requireNonNull(secondService.headers.get());
    assertThat(received.get(key("idempotency-key"))).isEqualTo("once");
    assertThat(received.get(key("assetmanager-consistency"))).isEqualTo("linearizable");
    assertThat(received.get(key("authorization"))).isNull();
    assertThat(received.get(LeaderForwarding.FORWARDED_BY)).isEqualTo("n1");
  }

  @Test
  void theCallersDeadlineTravelsAlong() {
    stub().withDeadlineAfter(3600, TimeUnit.SECONDS).sweepOrphans(REQUEST);

    assertThat(Objects.requireNonNull(secondService.deadline.get()).timeRemaining(TimeUnit.SECONDS))
        .isBetween(3500L, 3600L);
  }

  @Test
  void anErrorComesBackWithItsDetailsAndTrailers() {
    com.google.rpc.Status status =
        com.google.rpc.Status.newBuilder()
            .setCode(com.google.rpc.Code.INVALID_ARGUMENT_VALUE)
            .setMessage("min_age_seconds: is odd")
            .addDetails(
                Any.pack(
                    BadRequest.newBuilder()
                        .addFieldViolations(
                            BadRequest.FieldViolation.newBuilder().setField("min_age_seconds"))
                        .build()))
            .build();
    secondService.failure = StatusProto.toStatusRuntimeException(status);

    StatusRuntimeException failure = failure(stub());

    assertThat(StatusProto.fromThrowable(failure)).isEqualTo(status);
    assertThat(Objects.requireNonNull(failure.getTrailers()).get(TRAILER)).isEqualTo("n2");
  }

  @Test
  void withoutALeaderTheCallIsUnavailableAndNothingWasChanged() {
    first.leader.set(null);

    StatusRuntimeException failure = failure(stub());

    assertUnavailable(failure, "no leader is known");
    assertOutcome(failure, "unchanged");
  }

  @Test
  void aCallIsPassedOnOnce() {
    second.leader.set("n1"); // each takes the other for the leader

    StatusRuntimeException failure = failure(stub());

    assertUnavailable(failure, "n2");
    assertOutcome(failure, "unchanged");
    assertThat(firstService.served.get()).isNull();
    assertThat(secondService.served.get()).isNull();
  }

  @Test
  void aLeaderThatCannotBeReachedHasChangedNothing() {
    secondServer.shutdownNow();

    StatusRuntimeException failure = failure(stub());

    assertUnavailable(failure, "node n2");
    assertOutcome(failure, "unchanged");
  }

  @Test
  void whenTheLeaderDiesInTheMiddleOfTheCallTheOutcomeIsUnknown() {
    secondService.stuck = true;
    CompletableFuture<StatusRuntimeException> failure =
        CompletableFuture.supplyAsync(() -> failure(stub()));
    await().until(() -> secondService.served.get() != null);

    secondServer.shutdownNow();

    assertThat(failure)
        .succeedsWithin(Duration.ofSeconds(20))
        .satisfies(it -> assertUnavailable(it, "node n2"))
        .satisfies(it -> assertOutcome(it, "unknown"));
  }

  @Test
  void whoGivesUpEndsTheCallOnTheLeaderToo() {
    secondService.stuck = true;

    StatusRuntimeException failure = failure(stub().withDeadlineAfter(1, TimeUnit.SECONDS));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(secondService.served.get()).isNotNull();
    await().until(() -> secondService.cancelled);
  }

  private GarbageServiceBlockingStub stub() {
    return GarbageServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private static StatusRuntimeException failure(GarbageServiceBlockingStub stub) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> stub.sweepOrphans(REQUEST));
  }

  private static void assertUnavailable(StatusRuntimeException failure, String message) {
    assertThat(failure.getStatus().getCode()).as("%s", failure).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(failure).hasMessageContaining(message);
  }

  private static void assertOutcome(StatusRuntimeException failure, String outcome) {
    assertThat(Objects.requireNonNull(failure.getTrailers()).get(ForwardedCall.OUTCOME))
        .as("%s", failure)
        .isEqualTo(outcome);
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static PeerSpec peer(String id, int port) {
    return new PeerSpec(id, "127.0.0.1:1", "127.0.0.1:" + port);
  }

  private static Server serve(LeaderForwarding forwarding, Garbage service) throws IOException {
    return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .addService(
            ServerInterceptors.intercept(service.bindService(), new Noting(service), forwarding))
        .build()
        .start();
  }

  /** Notes the headers that reach the service, and adds to the answer's. */
  private record Noting(Garbage service) implements ServerInterceptor {
    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
      service.headers.set(headers);
      return next.startCall(
          new SimpleForwardingServerCall<>(call) {
            @Override
            public void sendHeaders(Metadata response) {
              response.put(INDEX, "4711");
              super.sendHeaders(response);
            }

            @Override
            public void close(Status status, Metadata trailers) {
              trailers.put(TRAILER, service.nodeId);
              super.close(status, trailers);
            }
          },
          headers);
    }
  }

  private static final class Garbage extends GarbageServiceGrpc.GarbageServiceImplBase {
    private final String nodeId;
    final AtomicReference<@Nullable SweepOrphansRequest> served = new AtomicReference<>();
    final AtomicReference<@Nullable Metadata> headers = new AtomicReference<>();
    final AtomicReference<@Nullable Deadline> deadline = new AtomicReference<>();
    volatile @Nullable StatusRuntimeException failure;
    volatile boolean stuck;
    volatile boolean cancelled;

    Garbage(String nodeId) {
      this.nodeId = nodeId;
    }

    @Override
    public void sweepOrphans(
        SweepOrphansRequest request, StreamObserver<SweepOrphansResponse> response) {
      Context.current().addListener(context -> cancelled = true, Runnable::run);
      deadline.set(Context.current().getDeadline());
      served.set(request);
      if (stuck) {
        return;
      }
      StatusRuntimeException toThrow = failure;
      if (toThrow != null) {
        response.onError(toThrow);
        return;
      }
      response.onNext(
          SweepOrphansResponse.newBuilder().setOrphanBlobCount(request.getMinAgeSeconds()).build());
      response.onCompleted();
    }

    @Override
    public void explainAsset(
        ExplainAssetRequest request, StreamObserver<ExplainAssetResponse> response) {
      ExplainAssetResponse.Builder answer = ExplainAssetResponse.newBuilder();
      answer.getAssetBuilder().setId(nodeId);
      response.onNext(answer.build());
      response.onCompleted();
    }
  }
}
