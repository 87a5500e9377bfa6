package dev.assetmanagerd.clustertests.builderd;

import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.Uploads;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;

/** Uploads an artifact as builderd does, to the first node that takes it, for two minutes. */
final class ArtifactUpload {
  private static final Duration ATTEMPT_MAX = Duration.ofSeconds(20);
  private static final Duration ALL_MAX = Duration.ofMinutes(2);
  private static final Duration PAUSE = Duration.ofMillis(500);

  private final Behaviour behaviour;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();
  private int attempts;

  ArtifactUpload(Behaviour behaviour) {
    this.behaviour = behaviour;
  }

  /** Blocks until a node has confirmed it. */
  void run(StandInBuild build) {
    RandomContent artifact = build.artifact(behaviour.getArtifactBytes());
    UploadAssetMetadata metadata = metadata(build, artifact);
    Awaitility.await("upload of " + build.id())
        .atMost(ALL_MAX)
        .pollDelay(Duration.ZERO)
        .pollInterval(PAUSE)
        .until(() -> attempt(metadata, artifact));
  }

  private UploadAssetMetadata metadata(StandInBuild build, RandomContent artifact) {
    UploadAssetMetadata.Builder metadata =
        UploadAssetMetadata.newBuilder()
            .setName(build.config().getBuildName())
            .setType(AssetType.ASSET_TYPE_ROOTFS)
            .setSizeBytes(artifact.size())
            .putAllLabels(build.config().getLabelsMap())
            .putLabels("docker_image", build.image())
            .putLabels("build_id", build.id())
            .putLabels("created_by", "builderd")
            .setCreatedBy("builderd")
            .setBuildId(build.id())
            .setSourceImage(build.image());
    if (!behaviour.getIgnoresSuggestedIds()) {
      metadata.setId(build.config().getSuggestedAssetId());
    }
    return metadata.build();
  }

  private boolean attempt(UploadAssetMetadata metadata, RandomContent artifact) {
    List<String> nodes = behaviour.getUploadToList();
    String node = nodes.get(attempts++ % nodes.size());
    try {
      if (behaviour.getUploadsOverGrpc()) {
        overGrpc(node, metadata, artifact);
      } else {
        URI uri = URI.create("http://" + node + "/asset.v1.AssetManagerService/UploadAsset");
        Uploads.overConnect(http, uri, metadata, artifact.open(), ATTEMPT_MAX);
      }
      return true;
    } catch (CallFailedException e) {
      System.err.println("upload to " + node + ": " + e);
      return false;
    }
  }

  private static void overGrpc(String node, UploadAssetMetadata metadata, RandomContent artifact)
      throws CallFailedException {
    ManagedChannel channel = NettyChannelBuilder.forTarget(node).usePlaintext().build();
    try {
      Uploads.overGrpc(channel, metadata, artifact.open(), ATTEMPT_MAX);
    } finally {
      channel.shutdownNow();
    }
  }
}
