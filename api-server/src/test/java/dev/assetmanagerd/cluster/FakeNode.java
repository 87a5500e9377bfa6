package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.NodeStatus;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import io.grpc.Deadline;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/** A node that answers what a test tells it to. */
final class FakeNode implements LocalNode {
  final AtomicReference<String> leader = new AtomicReference<>();
  volatile CompletableFuture<ProposeResponse> proposed = new CompletableFuture<>();
  volatile CompletableFuture<Long> index = new CompletableFuture<>();
  volatile CompletableFuture<NodeStatus> status = new CompletableFuture<>();
  volatile CompletableFuture<Void> handedOver = new CompletableFuture<>();
  volatile Optional<String> handedOverTo = Optional.empty();
  volatile Deadline lastDeadline = Deadline.after(0, java.util.concurrent.TimeUnit.SECONDS);

  @Override
  public CompletableFuture<ProposeResponse> propose(ProposeRequest request, Deadline deadline) {
    lastDeadline = deadline;
    return proposed;
  }

  @Override
  public CompletableFuture<Long> readIndex(Deadline deadline) {
    lastDeadline = deadline;
    return index;
  }

  @Override
  public CompletableFuture<NodeStatus> status(boolean includeStateHash) {
    return status;
  }

  @Override
  public CompletableFuture<Void> handOverLeadership(Optional<String> nodeId, Deadline deadline) {
    handedOverTo = nodeId;
    return handedOver;
  }

  @Override
  public Optional<String> leaderId() {
    return Optional.ofNullable(leader.get());
  }
}
