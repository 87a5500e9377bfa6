package dev.assetmanagerd.build;

import dev.assetmanagerd.builderd.v1.BuildConfig;
import dev.assetmanagerd.builderd.v1.BuildSource;
import dev.assetmanagerd.builderd.v1.BuildStrategy;
import dev.assetmanagerd.builderd.v1.BuildTarget;
import dev.assetmanagerd.builderd.v1.DockerExtractStrategy;
import dev.assetmanagerd.builderd.v1.DockerImageSource;
import dev.assetmanagerd.builderd.v1.InitStrategy;
import dev.assetmanagerd.builderd.v1.MicroVMRootfs;
import dev.assetmanagerd.log.v1.Build;

/** What builderd is told of a build. */
final class BuildConfigs {
  private static final int NAME_KEY_CHARS = 12;

  private BuildConfigs() {}

  static BuildConfig of(Build build) {
    return BuildConfig.newBuilder()
        .setSource(
            BuildSource.newBuilder()
                .setDockerImage(DockerImageSource.newBuilder().setImageUri(build.getImage())))
        .setTarget(
            BuildTarget.newBuilder()
                .setMicrovmRootfs(
                    MicroVMRootfs.newBuilder().setInitStrategy(InitStrategy.INIT_STRATEGY_TINI)))
        .setStrategy(
            BuildStrategy.newBuilder()
                .setDockerExtract(DockerExtractStrategy.newBuilder().setFlattenFilesystem(true)))
        .setBuildName(name(build))
        .putAllLabels(build.getBuildLabelsMap())
        .setSuggestedAssetId(build.getSuggestedAssetId())
        .build();
  }

  /** The same for each attempt; a repetition of a request has to be the same request. */
  static String name(Build build) {
    return "assetmanagerd-" + build.getKey().substring(0, NAME_KEY_CHARS);
  }

  /** The same for each repetition of one attempt. */
  static String requestKey(Build build) {
    return build.getKey() + "/" + build.getAttempt();
  }
}
