package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.GetReplicaHashRequest;
import dev.assetmanagerd.node.v1.LeaveIfDeviatingRequest;
import dev.assetmanagerd.node.v1.LeaveIfDeviatingResponse;
import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.node.v1.ReplicaHash;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.function.Supplier;

/** The service of a node whose check of the replicas is only there later. */
final class LateNode extends NodeServiceGrpc.NodeServiceImplBase {
  private final LocalNode node;
  private final Supplier<ReplicaCheck> check;

  LateNode(LocalNode node, Supplier<ReplicaCheck> check) {
    this.node = node;
    this.check = check;
  }

  private NodeGrpcService service() {
    return new NodeGrpcService(node, new CachedBlobStreams(Optional.empty()), check.get());
  }

  @Override
  public void getReplicaHash(GetReplicaHashRequest request, StreamObserver<ReplicaHash> reply) {
    service().getReplicaHash(request, reply);
  }

  @Override
  public void leaveIfDeviating(
      LeaveIfDeviatingRequest request, StreamObserver<LeaveIfDeviatingResponse> reply) {
    service().leaveIfDeviating(request, reply);
  }
}
