package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.Asset;
import java.util.Optional;
import java.util.SplittableRandom;

/** Acquires an asset, holds it for a moment, releases it. */
final class StormAcquirer extends StormActor {
  private static final String CALL = "acquire";
  private static final long IDLE_MS = 20;

  StormAcquirer(String name, Shared shared, AssetClient client, SplittableRandom random) {
    super(name, shared, client, random);
  }

  @Override
  void act() {
    Optional<Asset> asset = pool().any(random);
    if (asset.isEmpty()) {
      stopped(IDLE_MS);
      return;
    }
    acquire(asset.get()).ifPresent(this::holdAndRelease);
  }

  private Optional<LeaseBook.Held> acquire(Asset asset) {
    AcquireAssetRequest request =
        AcquireAssetRequest.newBuilder().setAssetId(asset.getId()).setAcquiredBy(name).build();
    book().acquiring(asset.getId());
    try {
      AcquireAssetResponse response = client.call(stub -> stub.acquireAsset(request));
      log().ended(CALL, "ok");
      LeaseBook.Held lease =
          new LeaseBook.Held(
              response.getLeaseId(), asset.getId(), asset.getLocation(), asset.getChecksum());
      book().acquired(lease);
      return Optional.of(lease);
    } catch (CallFailedException e) {
      if (!e.mayHaveTakenEffect()) {
        book().refused(asset.getId());
      }
      failed(CALL, e, asset);
      return Optional.empty();
    }
  }
}
