package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.AssetManagerServiceBlockingStub;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.ListAssetsResponse;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.Node;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Calls over gRPC to one node of several, turning to the next one when a call fails for reasons
 * that may be the node's. Does not try again by itself. Thread-safe; calls block.
 */
public final class AssetClient {
  private static final int PAGE_MAX = 1000;

  private final Supplier<List<Node>> nodes;
  private final Duration timeout;
  private final AtomicInteger current;

  /**
   * A client of some nodes.
   *
   * @param first index of the node to begin with
   * @param timeout of each call
   */
  public AssetClient(List<Node> nodes, int first, Duration timeout) {
    this(constant(List.copyOf(nodes)), first, timeout);
  }

  /**
   * A client of nodes that come and go.
   *
   * @param nodes who can be asked; asked for before each call; at least one, and thread-safe
   * @param first index of the node to begin with
   * @param timeout of each call
   */
  public AssetClient(Supplier<List<Node>> nodes, int first, Duration timeout) {
    this.nodes = nodes;
    this.timeout = timeout;
    this.current = new AtomicInteger(first);
  }

  private static Supplier<List<Node>> constant(List<Node> nodes) {
    return () -> nodes;
  }

  /** One call of the asset service. */
  public <T> T call(Function<AssetManagerServiceBlockingStub, T> call) throws CallFailedException {
    return over(
        channel ->
            call.apply(
                AssetManagerServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS)));
  }

  /**
   * One call of any service; setting its deadline is up to the call.
   *
   * @throws CallFailedException for whatever status the call ends with
   */
  public <T> T over(Function<ManagedChannel, T> call) throws CallFailedException {
    int index = current.get();
    try {
      return call.apply(node(index).failFastChannel());
    } catch (StatusRuntimeException e) {
      CallFailedException failure = GrpcLeaseClient.failure(e);
      turnAfter(failure, index);
      throw failure;
    }
  }

  /** Uploads bytes as a new asset. */
  public Asset upload(UploadAssetMetadata metadata, RandomContent content)
      throws CallFailedException {
    int index = current.get();
    try {
      return Uploads.overGrpc(node(index).failFastChannel(), metadata, content.open(), timeout);
    } catch (CallFailedException e) {
      turnAfter(e, index);
      throw e;
    }
  }

  /** All assets but those that are being deleted. */
  public List<Asset> listAll() throws CallFailedException {
    return list(AssetStatus.ASSET_STATUS_UNSPECIFIED);
  }

  /** All assets of one status. */
  public List<Asset> list(AssetStatus status) throws CallFailedException {
    List<Asset> assets = new ArrayList<>();
    String token = "";
    do {
      ListAssetsRequest request =
          ListAssetsRequest.newBuilder()
              .setStatus(status)
              .setPageSize(PAGE_MAX)
              .setPageToken(token)
              .build();
      ListAssetsResponse page = call(stub -> stub.listAssets(request));
      assets.addAll(page.getAssetsList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return assets;
  }

  private Node node(int index) {
    List<Node> now = nodes.get();
    return now.get(Math.floorMod(index, now.size()));
  }

  private void turnAfter(CallFailedException failure, int index) {
    if (failure.isRetryable()) {
      current.compareAndSet(index, index + 1);
    }
  }
}
