package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.BuildOptions;
import dev.assetmanagerd.api.v1.QueryAssetsRequest;
import dev.assetmanagerd.build.BuildKey;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.RequestBuild;
import dev.assetmanagerd.registry.AssetQuery;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Between requests and builds: what a query wants built, and what builds are called outside. */
final class BuildRequests {
  static final String DOCKER_IMAGE = "docker_image";
  static final String BUILDING = "building";
  static final Duration DEFAULT_PATIENCE = Duration.ofMinutes(30);

  private BuildRequests() {}

  /**
   * What a query wants built if it finds nothing; empty where it wants nothing built.
   *
   * @param query what the message asks for
   * @param timeout of a build
   */
  static Optional<RequestBuild> wanted(
      QueryAssetsRequest message, AssetQuery query, Duration timeout) {
    String image = query.labels().getOrDefault(DOCKER_IMAGE, "");
    if (!message.getBuildOptions().getEnableAutoBuild()
        || image.isEmpty()
        || !isBuildable(query)
        || !message.getPageToken().isEmpty()) {
      return Optional.empty();
    }
    BuildOptions options = message.getBuildOptions();
    Map<String, String> labels = merged(query.labels(), options.getBuildLabelsMap());
    return Optional.of(
        RequestBuild.newBuilder()
            .setKey(BuildKey.of(image, labels))
            .setImage(image)
            .putAllBuildLabels(labels)
            .putAllSelector(query.labels())
            .setType(query.type())
            .setSuggestedAssetId(options.getSuggestedAssetId())
            .setTimeoutMillis(timeout.toMillis())
            .build());
  }

  private static boolean isBuildable(AssetQuery query) {
    boolean type =
        query.type() == AssetType.ASSET_TYPE_ROOTFS
            || query.type() == AssetType.ASSET_TYPE_UNSPECIFIED;
    boolean status =
        query.status() == AssetStatus.ASSET_STATUS_AVAILABLE
            || query.status() == AssetStatus.ASSET_STATUS_UNSPECIFIED;
    return type && status;
  }

  private static Map<String, String> merged(
      Map<String, String> selector, Map<String, String> buildLabels) {
    Map<String, String> labels = new HashMap<>(selector);
    buildLabels.forEach(
        (name, value) -> {
          String asked = labels.putIfAbsent(name, value);
          if (asked != null && !asked.equals(value)) {
            throw ApiErrors.invalid(
                "build_options.build_labels[" + ApiErrors.quoted(name) + "]",
                value,
                "is not what label_selector asks for, " + ApiErrors.quoted(asked));
          }
        });
    return Fields.labels("build_options.build_labels with label_selector", labels);
  }

  /** As clients know it. */
  static String status(Build build) {
    return switch (build.getState()) {
      case STATE_WANTED -> "pending";
      case STATE_STARTING, STATE_BUILDING -> BUILDING;
      case STATE_COMPLETED -> "completed";
      case STATE_FAILED -> "failed";
      case STATE_UNSPECIFIED, UNRECOGNIZED -> "";
    };
  }
}
