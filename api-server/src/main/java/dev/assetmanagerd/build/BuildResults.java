package dev.assetmanagerd.build;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.builderd.v1.BuildJob;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.registry.AssetQuery;
import dev.assetmanagerd.registry.RegistryView;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * The asset that a build has made. As a rule builderd has uploaded it, and the registry has
 * completed the build by itself; here is what remains: an asset that could only be recognised
 * later, and artifacts that the leader has to register. Thread-safe.
 */
final class BuildResults {
  private static final String DOCKER_IMAGE = "docker_image";
  private static final String BUILD_ID = "build_id";
  private static final String CREATED_BY = "created_by";
  private static final String BUILDERD = "builderd";

  private final BuildSettings settings;
  private final ReplicatedRegistry registry;
  private final ArtifactRegistrar registrar;
  private final Executor worker;

  /**
   * @param worker reads whole artifacts; one at a time is enough
   */
  BuildResults(
      BuildSettings settings,
      ReplicatedRegistry registry,
      ArtifactRegistrar registrar,
      Executor worker) {
    this.settings = settings;
    this.registry = registry;
    this.registrar = registrar;
    this.worker = worker;
  }

  /**
   * Id of the asset of a build that is done; empty where there is none yet. Fails where the leader
   * has to register it and cannot.
   */
  CompletableFuture<Optional<String>> find(Build build, BuildJob job, long term) {
    Optional<String> known = registry.query(view -> registered(view, build));
    return known.isPresent() || settings.autoRegister()
        ? CompletableFuture.completedFuture(known)
        : CompletableFuture.supplyAsync(() -> Optional.of(register(build, job, term)), worker);
  }

  /** Uploads may have come before builderd's id of the build was recorded. */
  private static Optional<String> registered(RegistryView view, Build build) {
    Optional<String> suggested =
        view.asset(build.getSuggestedAssetId())
            .filter(asset -> asset.getStatus() == AssetStatus.ASSET_STATUS_AVAILABLE)
            .map(Asset::getId);
    AssetQuery ofBuild =
        new AssetQuery(
            AssetType.ASSET_TYPE_ROOTFS,
            AssetStatus.ASSET_STATUS_AVAILABLE,
            Map.of(BUILD_ID, build.getBuildId()),
            null,
            1);
    return suggested.or(() -> view.list(ofBuild).assets().stream().findFirst().map(Asset::getId));
  }

  private String register(Build build, BuildJob job, long term) {
    if (job.getRootfsPath().isEmpty()) {
      throw Status.FAILED_PRECONDITION
          .withDescription("rootfs_path: builderd does not say where the artifact is")
          .asRuntimeException();
    }
    Asset wanted =
        Asset.newBuilder()
            .setId(build.getSuggestedAssetId())
            .setName(BuildConfigs.name(build))
            .setType(AssetType.ASSET_TYPE_ROOTFS)
            .setLocation(job.getRootfsPath())
            .setSizeBytes(job.getRootfsSizeBytes())
            .setChecksum(job.getRootfsChecksum())
            .putAllLabels(build.getBuildLabelsMap())
            .putLabels(DOCKER_IMAGE, build.getImage())
            .putLabels(BUILD_ID, build.getBuildId())
            .putLabels(CREATED_BY, BUILDERD)
            .setCreatedBy(BUILDERD)
            .setBuildId(build.getBuildId())
            .setSourceImage(build.getImage())
            .build();
    try {
      return registrar.register(wanted, term).getId();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether trying again would not help. */
  static boolean isFinal(Throwable failure) {
    if (!(cause(failure) instanceof StatusRuntimeException status)) {
      return false;
    }
    return switch (status.getStatus().getCode()) {
      case INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, OUT_OF_RANGE -> true;
      default -> false;
    };
  }

  static Throwable cause(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
