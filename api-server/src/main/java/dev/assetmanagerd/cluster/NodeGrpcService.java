package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.GetNodeStatusRequest;
import dev.assetmanagerd.node.v1.HandOverLeadershipRequest;
import dev.assetmanagerd.node.v1.HandOverLeadershipResponse;
import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.node.v1.ReadCachedBlobChunk;
import dev.assetmanagerd.node.v1.ReadCachedBlobRequest;
import dev.assetmanagerd.node.v1.ReadIndexRequest;
import dev.assetmanagerd.node.v1.ReadIndexResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Optional;

/** Answers the other nodes. */
public final class NodeGrpcService extends NodeServiceGrpc.NodeServiceImplBase {
  private final LocalNode node;
  private final CachedBlobStreams cachedBlobs;

  /**
   * @param node this node
   * @param cachedBlobs what is read from its cache
   */
  public NodeGrpcService(LocalNode node, CachedBlobStreams cachedBlobs) {
    this.node = node;
    this.cachedBlobs = cachedBlobs;
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
  public void handOverLeadership(
      HandOverLeadershipRequest request, StreamObserver<HandOverLeadershipResponse> reply) {
    Optional<String> nodeId = Optional.of(request.getNodeId()).filter(id -> !id.isEmpty());
    Replies.send(
        node.handOverLeadership(nodeId, Replies.deadline())
            .thenApply(done -> HandOverLeadershipResponse.getDefaultInstance()),
        reply);
  }
}
