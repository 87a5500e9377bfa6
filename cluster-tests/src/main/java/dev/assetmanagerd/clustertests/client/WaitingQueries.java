package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.QueryAssetsRequest;
import dev.assetmanagerd.api.v1.QueryAssetsResponse;
import dev.assetmanagerd.clustertests.Node;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * QueryAssets calls that wait for a build, as a client makes them that is not lost with one node:
 * where a call fails because of its node, it is made again on the next one. Thread-safe.
 */
public final class WaitingQueries {
  private static final long PAUSE_MILLIS = 200;

  private final List<Node> nodes;
  private final QueryAssetsRequest request;
  private final long untilNanos;

  private WaitingQueries(List<Node> nodes, QueryAssetsRequest request, Duration patience) {
    this.nodes = List.copyOf(nodes);
    this.request = request;
    this.untilNanos = System.nanoTime() + patience.toNanos();
  }

  /** Asks for a root file system of an image, to be built where there is none, and waited for. */
  public static QueryAssetsRequest forImage(String image) {
    QueryAssetsRequest.Builder request =
        QueryAssetsRequest.newBuilder()
            .setType(AssetType.ASSET_TYPE_ROOTFS)
            .putLabelSelector("docker_image", image);
    request
        .getBuildOptionsBuilder()
        .setEnableAutoBuild(true)
        .setWaitForCompletion(true)
        .setBuildTimeoutSeconds(300);
    return request.build();
  }

  /**
   * Makes calls, spread over the nodes, the first of them to the first node.
   *
   * @param patience after which calls that still fail do so for good
   */
  public static List<CompletableFuture<QueryAssetsResponse>> start(
      List<Node> nodes, QueryAssetsRequest request, int count, Duration patience) {
    WaitingQueries queries = new WaitingQueries(nodes, request, patience);
    List<CompletableFuture<QueryAssetsResponse>> answers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      CompletableFuture<QueryAssetsResponse> answer = new CompletableFuture<>();
      queries.call(i, answer);
      answers.add(answer);
    }
    return answers;
  }

  private void call(int turn, CompletableFuture<QueryAssetsResponse> answer) {
    long leftNanos = untilNanos - System.nanoTime();
    if (leftNanos <= 0) {
      answer.completeExceptionally(new TimeoutException("no node answered in time"));
      return;
    }
    Node node = nodes.get(turn % nodes.size());
    AssetManagerServiceGrpc.newStub(node.failFastChannel())
        .withDeadlineAfter(leftNanos, TimeUnit.NANOSECONDS)
        .queryAssets(
            request,
            new StreamObserver<>() {
              @Override
              public void onNext(QueryAssetsResponse response) {
                answer.complete(response);
              }

              @Override
              public void onError(Throwable failure) {
                failed(turn, answer, failure);
              }

              @Override
              public void onCompleted() {}
            });
  }

  private void failed(int turn, CompletableFuture<QueryAssetsResponse> answer, Throwable failure) {
    if (mayTryElsewhere(failure)) {
      Executor later = CompletableFuture.delayedExecutor(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
      later.execute(() -> call(turn + 1, answer));
    } else {
      answer.completeExceptionally(failure);
    }
  }

  private static boolean mayTryElsewhere(Throwable failure) {
    return switch (Status.fromThrowable(failure).getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, UNKNOWN -> true;
      default -> false;
    };
  }
}
