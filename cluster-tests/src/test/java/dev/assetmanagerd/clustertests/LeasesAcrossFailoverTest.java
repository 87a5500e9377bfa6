package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.KeepSessionRequest;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Idempotency keys and sessions while leaders are killed. */
@Tag("cluster")
@Timeout(300)
final class LeasesAcrossFailoverTest {
  private static final Metadata.Key<String> KEY = header("idempotency-key");
  private static final Metadata.Key<String> REPLAYED = header("assetmanager-replayed");
  private static final Duration FAILOVER_MAX = Duration.ofSeconds(30);

  @RegisterExtension final Clusters clusters = new Clusters();

  private static Metadata.Key<String> header(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  @Test
  void anAcquireRepeatedThroughAnotherNodeAfterTheLeaderWasKilledTakesItsLeaseOnce() {
    TestCluster cluster = clusters.start(3);
    Node leader = cluster.leader();
    Node other = cluster.follower();
    String asset = SampleAssets.create(leader, "once", 1).get(0);
    AtomicReference<Metadata> headers = new AtomicReference<>();

    AcquireAssetResponse first = acquire(leader, asset, headers);
    cluster.kill(leader);
    AcquireAssetResponse again = untilAnswered(() -> acquire(other, asset, headers));

    assertThat(again).isEqualTo(first);
    assertThat(Objects.requireNonNull(headers.get()).get(REPLAYED)).isEqualTo("true");
    assertThat(referenceCount(other, asset)).isEqualTo(1);
    release(other, first.getLeaseId());
    Node next = cluster.leader();
    cluster.start(leader);
    cluster.awaitReady();
    cluster.kill(next);
    Node last = cluster.running().get(0);
    untilAnswered(
        () -> {
          release(last, first.getLeaseId());
          return true;
        });
    assertThat(referenceCount(last, asset)).as("after a release was repeated").isZero();
    cluster.start(next);
    cluster.awaitCaughtUp();
    cluster.assertReplicasEqual();
  }

  @Test
  void leasesOfASessionSurviveAFailoverAndEndTogetherWhenTheHostHasGoneSilent() {
    TestCluster cluster = clusters.start(3);
    List<String> assets = SampleAssets.create(cluster.leader(), "session", 5);
    Duration life = Duration.ofSeconds(12);
    String session = openSession(cluster.leader(), life);
    Node killed = cluster.leader();
    try (Keeper keeper = new Keeper(cluster, session)) {
      takeLeases(cluster.follower(), session, assets);
      cluster.kill(killed);
      for (Node node : cluster.running()) {
        int kept = untilAnswered(() -> keep(node, session));
        assertThat(kept).as("leases of the session kept through %s", node).isEqualTo(5);
      }
      cluster.start(killed);
      cluster.awaitReady();
      assertThat(keeper.refusals()).isEmpty();
    }
    keep(killed, session);
    // What the host can rely on counts from before it sent the call that was the last one answered.
    long silentSince = System.nanoTime();
    keep(cluster.leader(), session);

    long gone = awaitGone(cluster.leader(), session, assets.size(), silentSince, life);
    Duration lived = Duration.ofNanos(gone - silentSince);
    System.out.println("the leases of a session of " + life + " lived " + lived);
    assertThat(lived).isGreaterThanOrEqualTo(life).isLessThan(life.plusSeconds(10));
    // A lease is dead from its end on; the counts follow with the command that ends it.
    Awaitility.await("no lease is counted")
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () ->
                assertThat(assets)
                    .allSatisfy(id -> assertThat(referenceCount(killed, id)).isZero()));
    cluster.awaitCaughtUp();
    cluster.assertReplicasEqual();
  }

  /** Watches all leases be there, and then none; returns when none was seen first. */
  private static long awaitGone(
      Node node, String session, int count, long silentSince, Duration life) {
    AtomicReference<Long> gone = new AtomicReference<>();
    Awaitility.await("the session's leases end")
        .atMost(life.plusSeconds(30))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () -> {
              List<Lease> left = leasesOf(node, session);
              long now = System.nanoTime();
              assertThat(left.size())
                  .as("leases %s after the last call", Duration.ofNanos(now - silentSince))
                  .isIn(0, count);
              gone.set(now);
              return left.isEmpty();
            });
    return Objects.requireNonNull(gone.get());
  }

  private static AcquireAssetResponse acquire(
      Node node, String assetId, AtomicReference<Metadata> headers) {
    Metadata key = new Metadata();
    key.put(KEY, "acquire-once");
    return assets(node)
        .withInterceptors(
            MetadataUtils.newAttachHeadersInterceptor(key),
            MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()))
        .acquireAsset(
            AcquireAssetRequest.newBuilder()
                .setAssetId(assetId)
                .setAcquiredBy("vm")
                .setTtlSeconds(600)
                .build());
  }

  private static void release(Node node, String leaseId) {
    assets(node).releaseAsset(ReleaseAssetRequest.newBuilder().setLeaseId(leaseId).build());
  }

  private static int referenceCount(Node node, String assetId) {
    return assets(node)
        .getAsset(GetAssetRequest.newBuilder().setId(assetId).build())
        .getAsset()
        .getReferenceCount();
  }

  private static String openSession(Node node, Duration life) {
    return leases(node)
        .openSession(
            OpenSessionRequest.newBuilder()
                .setHost("host-1")
                .setTtlSeconds(life.toSeconds() - 4)
                .setGraceSeconds(4)
                .build())
        .getSession()
        .getId();
  }

  private static void takeLeases(Node node, String session, List<String> assetIds) {
    leases(node)
        .acquireLeases(
            AcquireLeasesRequest.newBuilder()
                .addAllAssetIds(assetIds)
                .setAcquiredBy("vm")
                .setSessionId(session)
                .build());
  }

  private static int keep(Node node, String session) {
    return leases(node)
        .keepSession(KeepSessionRequest.newBuilder().setSessionId(session).build())
        .getSession()
        .getLeaseCount();
  }

  private static List<Lease> leasesOf(Node node, String session) {
    return leases(node)
        .listLeases(ListLeasesRequest.newBuilder().setSessionId(session).build())
        .getLeasesList();
  }

  private static AssetManagerServiceGrpc.AssetManagerServiceBlockingStub assets(Node node) {
    return AssetManagerServiceGrpc.newBlockingStub(node.channel())
        .withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  private static LeaseServiceGrpc.LeaseServiceBlockingStub leases(Node node) {
    return LeaseServiceGrpc.newBlockingStub(node.channel()).withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  /** Repeats a call that may be repeated while there is no leader. */
  private static <T> T untilAnswered(Supplier<T> call) {
    AtomicReference<T> answer = new AtomicReference<>();
    Awaitility.await("an answer")
        .atMost(FAILOVER_MAX)
        .pollDelay(Duration.ZERO)
        .until(
            () -> {
              try {
                answer.set(call.get());
                return true;
              } catch (StatusRuntimeException e) {
                assertThat(e.getStatus().getCode())
                    .isIn(Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED);
                return false;
              }
            });
    return Objects.requireNonNull(answer.get());
  }

  /** A host that keeps its session through whichever node answers, until closed. */
  private static final class Keeper implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final TestCluster cluster;
    private final String session;
    private final Queue<String> refusals = new ConcurrentLinkedQueue<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    Keeper(TestCluster cluster, String session) {
      this.cluster = cluster;
      this.session = session;
      var unused =
          timer.scheduleWithFixedDelay(this::keepOnce, 0, PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void keepOnce() {
      for (Node node : cluster.running()) {
        try {
          var unused =
              leases(node)
                  .withDeadlineAfter(2, TimeUnit.SECONDS)
                  .keepSession(KeepSessionRequest.newBuilder().setSessionId(session).build());
          return;
        } catch (StatusRuntimeException e) {
          if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
            refusals.add(node + ": " + e.getMessage());
          }
        }
      }
    }

    /** What nodes said that did not know the session any more. */
    List<String> refusals() {
      return List.copyOf(refusals);
    }

    @Override
    public void close() {
      timer.shutdown();
      Awaitility.await("the last keepalive ends").atMost(FAILOVER_MAX).until(timer::isTerminated);
    }
  }
}
