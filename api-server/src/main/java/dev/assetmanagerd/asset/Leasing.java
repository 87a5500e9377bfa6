package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetResponse;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.ReleaseAsset;
import java.util.concurrent.CompletableFuture;

/** Acquire and Release. */
final class Leasing {
  private final RegistryAccess registry;
  private final LeaseLimits limits;

  Leasing(RegistryAccess registry, LeaseLimits limits) {
    this.registry = registry;
    this.limits = limits;
  }

  CompletableFuture<AcquireAssetResponse> acquire(CallScope scope, AcquireAssetRequest request) {
    Command.Builder command =
        Command.newBuilder()
            .setAcquireAsset(AssetRequests.acquire(request, scope.sessionId(), limits));
    return registry
        .propose(scope, scope.keyed(command), registry.deadline())
        .thenApply(
            outcome ->
                AcquireAssetResponse.newBuilder()
                    .setAsset(outcome.getLeaseGranted().getAsset())
                    .setLeaseId(outcome.getLeaseGranted().getLeaseId())
                    .build());
  }

  CompletableFuture<ReleaseAssetResponse> release(CallScope scope, ReleaseAssetRequest request) {
    String leaseId = Fields.id("lease_id", request.getLeaseId());
    Command.Builder command =
        Command.newBuilder().setReleaseAsset(ReleaseAsset.newBuilder().setLeaseId(leaseId));
    return registry
        .propose(scope, scope.keyed(command), registry.deadline())
        .thenApply(
            outcome -> {
              ReleaseAssetResponse.Builder response = ReleaseAssetResponse.newBuilder();
              // Of a lease that was released before, the asset may be gone by now.
              if (outcome.getLeaseReleased().hasAsset()) {
                response.setAsset(outcome.getLeaseReleased().getAsset());
              }
              return response.build();
            });
  }
}
