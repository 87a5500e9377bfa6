package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.messages;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.deploy.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.deploy.v1.AssetManagerServiceGrpc.AssetManagerServiceBlockingStub;
import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import dev.assetmanagerd.build.TestBuilds;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.raft.ClusterName;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.PeerLink;
import dev.assetmanagerd.raft.PeerSpec;
import dev.assetmanagerd.raft.RaftNode;
import dev.assetmanagerd.raft.RaftNodeOptions;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import dev.assetmanagerd.storage.place.Placement;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The asset service on the real thing: one node with its Raft log, registry and store. */
@Tag("cluster")
class OnRaftTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path directory;

  @Test
  void anAssetLivesFromUploadToDeletionAndSurvivesARestart() throws Exception {
    int raftPort = freePort();
    AcquireAssetResponse lease;
    try (Node node = new Node(directory, raftPort)) {
      Asset uploaded = node.upload(kernel("k").setId("k").build(), bytes(300_000, 1));
      assertThat(node.stub().getAsset(get("k")).getAsset()).isEqualTo(uploaded);
      lease = node.stub().acquireAsset(acquire("k"));
      assertThat(lease.getAsset().getReferenceCount()).isEqualTo(1);
    }
    try (Node node = new Node(directory, raftPort)) {
      Asset found = node.stub().getAsset(get("k")).getAsset();
      assertThat(found).isEqualTo(lease.getAsset());
      assertThat(node.stub().deleteAsset(delete("k")).getDeleted()).isFalse();
      Asset released =
          node.stub()
              .releaseAsset(ReleaseAssetRequest.newBuilder().setLeaseId(lease.getLeaseId()).build())
              .getAsset();
      assertThat(released.getReferenceCount()).isZero();
      assertThat(node.stub().deleteAsset(delete("k")).getDeleted()).isTrue();

      await().atMost(PATIENCE).until(() -> filesIn(directory.resolve("blobs")).isEmpty());
      StatusRuntimeException gone =
          catchThrowableOfType(StatusRuntimeException.class, () -> node.stub().getAsset(get("k")));
      assertThat(gone.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    }
  }

  @Test
  void aDeletionThatAStopCutShortIsFinishedAfterwards() throws Exception {
    int raftPort = freePort();
    try (Node node = new Node(directory, raftPort)) {
      node.upload(kernel("k").setId("k").build(), bytes(1000, 1));
      node.module.leadershipListener().onLeadershipLost(); // as if it stopped before the blob went
      assertThat(node.stub().deleteAsset(delete("k")).getDeleted()).isTrue();
      assertThat(filesIn(directory.resolve("blobs"))).hasSize(1);
    }
    try (Node node = new Node(directory, raftPort)) {
      await().atMost(PATIENCE).until(() -> filesIn(directory.resolve("blobs")).isEmpty());
      await().atMost(PATIENCE).until(() -> node.raft.query(view -> view.deleting(10)).isEmpty());
    }
  }

  @Test
  void manyUploadsAtATimeOfTheSameAndOfOtherBytesAllEndWell() throws Exception {
    try (Node node = new Node(directory, freePort())) {
      ExecutorService clients = Executors.newFixedThreadPool(8);
      try {
        List<CompletableFuture<Asset>> uploads =
            IntStream.range(0, 32)
                .mapToObj(
                    i ->
                        CompletableFuture.supplyAsync(
                            () -> node.upload(kernel("k" + i).build(), bytes(20_000, i % 4)),
                            clients))
                .toList();
        List<Asset> assets = uploads.stream().map(CompletableFuture::join).toList();

        assertThat(assets).extracting(Asset::getId).doesNotHaveDuplicates();
        assertThat(filesIn(directory.resolve("blobs"))).hasSize(4);
        assertThat(node.stub().listAssets(ListAssetsRequest.getDefaultInstance()).getAssetsList())
            .containsExactlyInAnyOrderElementsOf(assets);
      } finally {
        clients.shutdownNow();
      }
    }
  }

  private static GetAssetRequest get(String id) {
    return GetAssetRequest.newBuilder().setId(id).build();
  }

  private static DeleteAssetRequest delete(String id) {
    return DeleteAssetRequest.newBuilder().setId(id).build();
  }

  private static AcquireAssetRequest acquire(String id) {
    return AcquireAssetRequest.newBuilder().setAssetId(id).setAcquiredBy("vm").build();
  }

  private static List<Path> filesIn(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Passes on to whoever comes later. */
  private static final class Relay implements LeadershipListener {
    private final List<LeadershipListener> listeners = new CopyOnWriteArrayList<>();
    private long readyTerm = -1;

    synchronized void add(LeadershipListener listener) {
      listeners.add(listener);
      if (readyTerm >= 0) {
        listener.onLeaderReady(readyTerm);
      }
    }

    @Override
    public synchronized void onLeaderReady(long term) {
      readyTerm = term;
      listeners.forEach(listener -> listener.onLeaderReady(term));
    }

    @Override
    public synchronized void onLeadershipLost() {
      readyTerm = -1;
      listeners.forEach(LeadershipListener::onLeadershipLost);
    }
  }

  /** A cluster of one has nobody to talk to. */
  private static final class NoPeers implements PeerLink {
    @Override
    public CompletableFuture<Boolean> isMember(
        String nodeId, ClusterName cluster, String memberId, Deadline deadline) {
      throw new AssertionError("there is no other node");
    }

    @Override
    public void others(List<PeerSpec> others) {
      assertThat(others).isEmpty();
    }

    @Override
    public CompletableFuture<ProposeResponse> propose(
        String nodeId, ProposeRequest request, Deadline deadline) {
      return CompletableFuture.failedFuture(new AssertionError("there is no " + nodeId));
    }

    @Override
    public CompletableFuture<Long> readIndex(String nodeId, Deadline deadline) {
      return CompletableFuture.failedFuture(new AssertionError("there is no " + nodeId));
    }
  }

  private static final class Node implements AutoCloseable {
    final RaftNode raft;
    final AssetModule module;
    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final Server server;
    private final ManagedChannel channel;

    Node(Path directory, int raftPort) throws IOException {
      Relay leadership = new Relay();
      raft =
          RaftNode.start(
              new RaftNodeOptions(
                  "n1",
                  "test",
                  List.of(new PeerSpec("n1", "127.0.0.1:" + raftPort, "127.0.0.1:1")),
                  "127.0.0.1",
                  directory.resolve("node"),
                  Duration.ofMillis(300),
                  Duration.ofMillis(600),
                  100_000,
                  "test"),
              new NoPeers(),
              leadership);
      SharedDirectoryBlobStore blobs =
          SharedDirectoryBlobStore.open(directory.resolve("blobs"), "n1");
      module =
          new AssetModule(
              "n1",
              AssetServiceOptions.defaults(),
              raft,
              blobs,
              LocalCopies.none(),
              TransferSettings.of(blobs.parts(), Optional.empty()),
              new Placement(List.of(directory.resolve("jail")), Clock.systemUTC()),
              TestBuilds.waiters(raft, false),
              executor,
              Clock.systemUTC(),
              FailPoints.off());
      leadership.add(module.leadershipListener());
      NettyServerBuilder builder =
          NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .executor(executor);
      module.services().forEach(builder::addService);
      server = builder.build().start();
      channel =
          NettyChannelBuilder.forAddress("127.0.0.1", server.getPort()).usePlaintext().build();
    }

    AssetManagerServiceBlockingStub stub() {
      return AssetManagerServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    Asset upload(UploadAssetMetadata metadata, byte[] bytes) {
      CompletableFuture<UploadAssetResponse> response = new CompletableFuture<>();
      StreamObserver<UploadAssetRequest> stream =
          AssetManagerServiceGrpc.newStub(channel)
              .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
              .uploadAsset(
                  new StreamObserver<>() {
                    @Override
                    public void onNext(UploadAssetResponse message) {
                      response.complete(message);
                    }

                    @Override
                    public void onError(Throwable failure) {
                      response.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {}
                  });
      for (UploadAssetRequest message : messages(metadata, bytes)) {
        stream.onNext(message);
      }
      stream.onCompleted();
      return response.join().getAsset();
    }

    @Override
    public void close() {
      channel.shutdownNow();
      try {
        channel.awaitTermination(5, TimeUnit.SECONDS);
        server.shutdown().awaitTermination(5, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      module.close();
      raft.close();
      executor.shutdownNow();
    }
  }
}
