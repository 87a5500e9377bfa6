package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.GetAssetResponse;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.ListAssetsResponse;
import dev.assetmanagerd.registry.AssetCursor;
import dev.assetmanagerd.registry.AssetPage;
import dev.assetmanagerd.registry.AssetQuery;
import dev.assetmanagerd.registry.RegistryView;
import dev.assetmanagerd.storage.cache.LocalBlob;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The reading calls: Get and List. Only Get of an asset counts as using it. */
final class AssetReads {
  /** gRPC clients refuse messages over 4 MiB unless told otherwise. */
  static final int MAX_PAGE_BYTES = 3 << 20;

  private final RegistryAccess registry;
  private final AssetFiles files;
  private final Duration fetchTimeout;
  private final Executor waiting;
  private final AccessTracker access;

  /**
   * @param fetchTimeout how long bytes are waited for where the caller sent no deadline
   * @param waiting threads that may wait for bytes as long; may refuse
   */
  AssetReads(
      RegistryAccess registry,
      AssetFiles files,
      Duration fetchTimeout,
      Executor waiting,
      AccessTracker access) {
    this.registry = registry;
    this.files = files;
    this.fetchTimeout = fetchTimeout;
    this.waiting = waiting;
    this.access = access;
  }

  CompletableFuture<GetAssetResponse> get(CallScope scope, GetAssetRequest request) {
    String id = Fields.id("id", request.getId());
    Deadline caller = Context.current().getDeadline();
    return registry
        .read(scope, registry.deadline(), view -> found(view, "id", id))
        .thenCompose(
            asset -> {
              access.touched(id);
              GetAssetResponse.Builder response = GetAssetResponse.newBuilder().setAsset(asset);
              return request.getEnsureLocal()
                  ? localPath(asset, caller)
                      .thenApply(path -> response.setLocalPath(path).build())
                      .exceptionallyCompose(failure -> stillThere(scope, id, failure))
                  : CompletableFuture.completedFuture(response.build());
            });
  }

  /** No lease is held meanwhile: bytes that went away with their asset are no lost data. */
  private CompletableFuture<GetAssetResponse> stillThere(
      CallScope scope, String id, Throwable failure) {
    if (ApiErrors.of(failure).getStatus().getCode() != Status.Code.DATA_LOSS) {
      return CompletableFuture.failedFuture(failure);
    }
    return registry
        .read(scope, registry.deadline(), view -> found(view, "id", id))
        .thenCompose(asset -> CompletableFuture.failedFuture(failure));
  }

  private CompletableFuture<String> localPath(Asset asset, @Nullable Deadline caller) {
    Deadline deadline =
        caller == null ? Deadline.after(fetchTimeout.toNanos(), TimeUnit.NANOSECONDS) : caller;
    try {
      return CompletableFuture.supplyAsync(() -> fetched(asset, deadline), waiting);
    } catch (RejectedExecutionException e) {
      throw ApiErrors.resourceExhausted(
          "ensure_local: too many calls wait for bytes on this node; nothing was changed");
    }
  }

  /** The asset as callers may see it: one that is being deleted is gone for them. */
  static Asset found(RegistryView view, String field, String id) {
    Asset asset =
        view.asset(id)
            .orElseThrow(
                () -> ApiErrors.notFound(field + ": there is no asset " + ApiErrors.quoted(id)));
    if (asset.getStatus() == AssetStatus.ASSET_STATUS_DELETING) {
      throw ApiErrors.notFound(field + ": asset " + ApiErrors.quoted(id) + " is being deleted");
    }
    return asset;
  }

  private String fetched(Asset asset, Deadline deadline) {
    Duration timeout = Duration.ofNanos(Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS)));
    try (LocalBlob file = files.hold(asset, timeout)) {
      return file.path().toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  CompletableFuture<ListAssetsResponse> list(CallScope scope, ListAssetsRequest request) {
    AssetQuery query = AssetRequests.list(request);
    return page(scope, query)
        .thenApply(
            page ->
                ListAssetsResponse.newBuilder()
                    .addAllAssets(page.assets())
                    .setNextPageToken(token(page, query))
                    .build());
  }

  private CompletableFuture<AssetPage> page(CallScope scope, AssetQuery query) {
    Deadline deadline = registry.deadline();
    return registry
        .read(scope, deadline, view -> view.list(query))
        .thenApply(AssetReads::cutToMessageSize);
  }

  /** A page may have fewer assets than asked for; what matters is that the token goes on there. */
  static AssetPage cutToMessageSize(AssetPage page) {
    List<Asset> kept = new ArrayList<>();
    long bytes = 0;
    for (Asset asset : page.assets()) {
      bytes += asset.getSerializedSize();
      if (bytes > MAX_PAGE_BYTES && !kept.isEmpty()) {
        Asset last = kept.get(kept.size() - 1);
        return new AssetPage(kept, new AssetCursor(last.getCreatedAt(), last.getId()));
      }
      kept.add(asset);
    }
    return page;
  }

  static String token(AssetPage page, AssetQuery query) {
    AssetCursor next = page.next();
    return next == null ? "" : PageToken.encode(next, query.type(), query.status(), query.labels());
  }
}
