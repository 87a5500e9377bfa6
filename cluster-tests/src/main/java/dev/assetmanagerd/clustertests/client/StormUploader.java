package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import java.util.List;
import java.util.SplittableRandom;

/** Uploads one of a few contents, again and again, each time as a new asset. */
final class StormUploader extends StormActor {
  private static final String CALL = "upload";
  private static final long PAUSE_MAX_MS = 200;

  private final List<RandomContent> contents;

  StormUploader(
      String name,
      Shared shared,
      AssetClient client,
      SplittableRandom random,
      List<RandomContent> contents) {
    super(name, shared, client, random);
    this.contents = contents;
  }

  @Override
  void act() {
    RandomContent content = contents.get(random.nextInt(contents.size()));
    UploadAssetMetadata metadata =
        UploadAssetMetadata.newBuilder()
            .setName("storm-" + content.seed() + ".img")
            .setType(AssetType.ASSET_TYPE_DISK_IMAGE)
            .setCreatedBy(name)
            .build();
    try {
      Asset asset = client.upload(metadata, content);
      log().ended(CALL, "ok");
      if (!asset.getChecksum().equals(content.sha256())) {
        log().violated(asset.getId() + " was stored with checksum " + asset.getChecksum());
      }
      pool().add(asset);
    } catch (CallFailedException e) {
      failed(CALL, e);
    }
    stopped(random.nextLong(PAUSE_MAX_MS));
  }
}
