package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.Foundation;
import dev.assetmanagerd.node.v1.GetFoundationRequest;
import dev.assetmanagerd.node.v1.GetNodeStatusRequest;
import dev.assetmanagerd.node.v1.GetReplicaHashRequest;
import dev.assetmanagerd.node.v1.HandOverLeadershipRequest;
import dev.assetmanagerd.node.v1.HandOverLeadershipResponse;
import dev.assetmanagerd.node.v1.LeaveIfDeviatingRequest;
import dev.assetmanagerd.node.v1.LeaveIfDeviatingResponse;
import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.node.v1.ReadCachedBlobChunk;
import dev.assetmanagerd.node.v1.ReadCachedBlobRequest;
import dev.assetmanagerd.node.v1.ReadIndexRequest;
import dev.assetmanagerd.node.v1.ReadIndexResponse;
import dev.assetmanagerd.node.v1.ReplicaHash;
import dev.assetmanagerd.node.v1.TellOfMembershipRequest;
import dev.assetmanagerd.node.v1.TellOfMembershipResponse;
import dev.assetmanagerd.raft.ClusterName;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Answers the other nodes. */
public final class NodeGrpcService extends NodeServiceGrpc.NodeServiceImplBase {
  private final LocalNode node;
  private final CachedBlobStreams cachedBlobs;
  private final ReplicaCheck replicaCheck;

  /**
   * @param node this node
   * @param cachedBlobs what is read from its cache
   * @param replicaCheck compares its replica with those of the others
   */
  public NodeGrpcService(LocalNode node, CachedBlobStreams cachedBlobs, ReplicaCheck replicaCheck) {
    this.node = node;
    this.cachedBlobs = cachedBlobs;
    this.replicaCheck = replicaCheck;
  }

  @Override
  public void getReplicaHash(GetReplicaHashRequest request, StreamObserver<ReplicaHash> reply) {
    Replies.send(CompletableFuture.completedFuture(node.replicaHash(request.getCheckId())), reply);
  }

  @Override
  public void leaveIfDeviating(
      LeaveIfDeviatingRequest request, StreamObserver<LeaveIfDeviatingResponse> reply) {
    Replies.send(
        replicaCheck
            .leaveIfDeviating(request.getCheckId())
            .thenApply(done -> LeaveIfDeviatingResponse.getDefaultInstance()),
        reply);
  }

  @Override
  public void readCachedBlob(
      ReadCachedBlobRequest request, StreamObserver<ReadCachedBlobChunk> reply) {
    cachedBlobs.serve(request, (ServerCallStreamObserver<ReadCachedBlobChunk>) reply);
  }

  @Override
  public void propose(ProposeRequest request, StreamObserver<ProposeResponse> reply) {
    Replies.send(node.propose(request, Replies.deadline()), reply);
  }

  @Override
  public void readIndex(ReadIndexRequest request, StreamObserver<ReadIndexResponse> reply) {
    Replies.send(
        node.readIndex(Replies.deadline())
            .thenApply(index -> ReadIndexResponse.newBuilder().setIndex(index).build()),
        reply);
  }

  @Override
  public void getNodeStatus(GetNodeStatusRequest request, StreamObserver<NodeStatus> reply) {
    Replies.send(node.status(request.getIncludeStateHash()), reply);
  }

  @Override
  public void getFoundation(GetFoundationRequest request, StreamObserver<Foundation> reply) {
    Replies.send(node.foundation(), reply);
  }

  @Override
  public void tellOfMembership(
      TellOfMembershipRequest request, StreamObserver<TellOfMembershipResponse> reply) {
    boolean stops =
        node.heardOfMembership(
            new ClusterName(request.getClusterId(), request.getLineage()),
            request.getNodeId(),
            request.getLeaderId());
    Replies.send(
        stops
            ? CompletableFuture.completedFuture(TellOfMembershipResponse.getDefaultInstance())
            : CompletableFuture.failedFuture(
                Status.FAILED_PRECONDITION
                    .withDescription("this node has not founded its cluster alone")
                    .asRuntimeException()),
        reply);
  }

  @Override
  public void handOverLeadership(
      HandOverLeadershipRequest request, StreamObserver<HandOverLeadershipResponse> reply) {
    Optional<String> nodeId = Optional.of(request.getNodeId()).filter(id -> !id.isEmpty());
    Replies.send(
        node.handOverLeadership(nodeId, Replies.deadline())
            .thenApply(done -> HandOverLeadershipResponse.getDefaultInstance()),
        reply);
  }
}
