package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.build.ArtifactRegistrar;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.storage.blob.BlobReader;
import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.Executor;

/**
 * Registers what the leader finds in the store of its own accord, by the same rules as a call of
 * RegisterAsset does. Thread-safe.
 */
public final class LeaderRegistrar implements ArtifactRegistrar {
  private final Registration registration;
  private final AssetServiceOptions options;

  /**
   * @param registry of this node; stays the caller's to close
   * @param blobs the configured store
   * @param copies the cache of this node, which keeps what is read
   * @param executor runs what follows a wait for the cluster; must not refuse tasks
   */
  public LeaderRegistrar(
      ReplicatedRegistry registry,
      BlobReader blobs,
      LocalCopies copies,
      AssetServiceOptions options,
      Executor executor) {
    this.options = options;
    this.registration =
        new Registration(
            new RegistryAccess(registry, options.defaultDeadline(), executor),
            blobs,
            copies,
            new CallReads(executor),
            options);
  }

  @Override
  public Asset register(Asset wanted, long term) throws IOException {
    Fields.optionalId("id", wanted.getId());
    Fields.requiredText("name", wanted.getName(), Fields.MAX_NAME_CHARS);
    Fields.requiredText("location", wanted.getLocation(), Fields.MAX_LOCATION_CHARS);
    Fields.size("size_bytes", wanted.getSizeBytes(), options.maxAssetBytes());
    Fields.labels("labels", wanted.getLabelsMap());
    Asset asset =
        wanted.toBuilder()
            .setBackend(options.backend())
            .setStatus(AssetStatus.ASSET_STATUS_AVAILABLE)
            .setChecksum(Fields.optionalChecksum("checksum", wanted.getChecksum()))
            .build();
    return registration.register(CallScope.ofThisNode(), asset, OptionalLong.of(term));
  }
}
