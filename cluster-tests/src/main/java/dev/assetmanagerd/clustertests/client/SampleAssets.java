package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.Node;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Small assets to do something with. */
public final class SampleAssets {
  private static final Duration CALL_MAX = Duration.ofSeconds(30);

  private SampleAssets() {}

  /** Uploads one small blob and registers it under {@code count} ids, which are returned. */
  public static List<String> create(Node node, String prefix, int count) {
    String location = uploadSmall(node, prefix);
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      RegisterAssetRequest request =
          RegisterAssetRequest.newBuilder()
              .setId(prefix + "-" + i)
              .setName(prefix + "-" + i)
              .setType(AssetType.ASSET_TYPE_DISK_IMAGE)
              .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
              .setLocation(location)
              .setCreatedBy("cluster-tests")
              .putLabels("set", prefix)
              .build();
      AssetManagerServiceGrpc.newBlockingStub(node.channel())
          .withDeadlineAfter(CALL_MAX.toMillis(), TimeUnit.MILLISECONDS)
          .registerAsset(request);
      ids.add(request.getId());
    }
    return ids;
  }

  /** Uploads a few bytes and returns where they were stored. */
  public static String uploadSmall(Node node, String name) {
    UploadAssetMetadata metadata =
        UploadAssetMetadata.newBuilder()
            .setName(name + ".img")
            .setType(AssetType.ASSET_TYPE_DISK_IMAGE)
            .setCreatedBy("cluster-tests")
            .build();
    RandomContent content = new RandomContent(name.hashCode(), 4096);
    try {
      return Uploads.overGrpc(node.channel(), metadata, content.open(), CALL_MAX).getLocation();
    } catch (CallFailedException e) {
      throw new IllegalStateException("cannot upload a sample to " + node, e);
    }
  }
}
