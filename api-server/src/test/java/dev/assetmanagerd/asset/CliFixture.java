package dev.assetmanagerd.asset;

import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.GetClusterStatusRequest;
import dev.assetmanagerd.cluster.v1.GetClusterStatusResponse;
import dev.assetmanagerd.cluster.v1.TransferLeadershipRequest;
import dev.assetmanagerd.cluster.v1.TransferLeadershipResponse;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.transfer.v1.GetUploadRequest;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc;
import dev.assetmanagerd.transfer.v1.Upload;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A node for commands to talk to: the real asset service, and a cluster that is as written here.
 */
public final class CliFixture implements AutoCloseable {
  private final ServiceFixture service;

  private CliFixture(ServiceFixture service) {
    this.service = service;
  }

  public static CliFixture in(Path directory) {
    return new CliFixture(ServiceFixture.in(directory, new ClusterAsWritten()));
  }

  public int port() {
    return service.port();
  }

  public Path blobDirectory() {
    return service.blobDirectory;
  }

  public Path vmRoot() {
    return service.vmRoot;
  }

  public void passDays(int days) {
    service.registry.pass(Duration.ofDays(days));
  }

  /** From now on the registry cannot be reached. */
  public void loseLeader(boolean outcomeUnknown) {
    service.registry.failWith(
        new ClusterUnavailableException(
            ClusterUnavailableException.Reason.NO_LEADER, outcomeUnknown, "no leader"));
  }

  /** After so many parts of uploads, further ones are refused until this is called again. */
  public void takeParts(int parts) {
    service.registry.takeParts(parts);
  }

  /** An upload as the API shows it. */
  public Upload upload(String id) {
    return TransferServiceGrpc.newBlockingStub(service.channel())
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .getUpload(GetUploadRequest.newBuilder().setUploadId(id).build())
        .getUpload();
  }

  @Override
  public void close() {
    service.close();
  }

  private static final class ClusterAsWritten extends ClusterServiceGrpc.ClusterServiceImplBase {
    @Override
    public void getClusterStatus(
        GetClusterStatusRequest request, StreamObserver<GetClusterStatusResponse> response) {
      response.onNext(
          GetClusterStatusResponse.newBuilder()
              .setClusterId("test")
              .setLeader("127.0.0.1:8083")
              .addNodes(
                  NodeStatus.newBuilder()
                      .setNodeId("n1")
                      .setRole("leader")
                      .setApiAddress("127.0.0.1:8083")
                      .setTerm(3)
                      .setCommitIndex(12)
                      .setAppliedIndex(11)
                      .setStateHash(request.getIncludeStateHash() ? "abc123" : ""))
              .addNodes(
                  NodeStatus.newBuilder()
                      .setNodeId("n2")
                      .setRole("unreachable")
                      .setApiAddress("127.0.0.1:8183")
                      .setError("no answer"))
              .build());
      response.onCompleted();
    }

    @Override
    public void transferLeadership(
        TransferLeadershipRequest request, StreamObserver<TransferLeadershipResponse> response) {
      if (!request.getNodeId().equals("n2")) {
        response.onError(
            Status.NOT_FOUND.withDescription("node_id: no such member").asRuntimeException());
        return;
      }
      response.onNext(
          TransferLeadershipResponse.newBuilder().setLeaderId("n2").setTookMillis(7).build());
      response.onCompleted();
    }
  }
}
