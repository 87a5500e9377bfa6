package dev.assetmanagerd.clustertests.builderd;

import dev.assetmanagerd.builderd.v1.BuildConfig;
import dev.assetmanagerd.builderd.v1.BuildState;
import dev.assetmanagerd.builderd.v1.BuilderServiceGrpc;
import dev.assetmanagerd.builderd.v1.CreateBuildRequest;
import dev.assetmanagerd.builderd.v1.CreateBuildResponse;
import dev.assetmanagerd.builderd.v1.GetBuildRequest;
import dev.assetmanagerd.builderd.v1.GetBuildResponse;
import dev.assetmanagerd.builderd.v1.InitStrategy;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;

/** builderd's two calls, answered as the behaviour says. */
final class StandInService extends BuilderServiceGrpc.BuilderServiceImplBase {
  private final StandInBuilds builds;

  StandInService(StandInBuilds builds) {
    this.builds = builds;
  }

  @Override
  public void createBuild(
      CreateBuildRequest request, StreamObserver<CreateBuildResponse> response) {
    BuildConfig config = request.getConfig();
    Behaviour behaviour = builds.behaviour();
    builds.countCreate(config, RequestKeys.current());
    if (behaviour.getVanished()) {
      return; // the caller waits until it gives up
    }
    String problem = problem(config);
    if (!problem.isEmpty()) {
      response.onError(error(Status.INVALID_ARGUMENT, problem));
      return;
    }
    switch (behaviour.getCreating()) {
      case CREATING_BUSY -> response.onError(error(Status.UNAVAILABLE, "too much to do"));
      case CREATING_REFUSED ->
          response.onError(error(Status.INVALID_ARGUMENT, "this image is not built here"));
      case CREATING_TAKEN_WITH_ERROR -> {
        builds.take(config, RequestKeys.current());
        response.onError(error(Status.INTERNAL, "the answer got lost"));
      }
      case CREATING_TAKEN_WITHOUT_ANSWER -> builds.take(config, RequestKeys.current());
      case CREATING_NORMAL, UNRECOGNIZED -> {
        response.onNext(
            CreateBuildResponse.newBuilder()
                .setBuildId(builds.take(config, RequestKeys.current()))
                .setState(BuildState.BUILD_STATE_PENDING)
                .build());
        response.onCompleted();
      }
    }
  }

  @Override
  public void getBuild(GetBuildRequest request, StreamObserver<GetBuildResponse> response) {
    builds.countGet();
    if (builds.behaviour().getVanished()) {
      return;
    }
    builds
        .job(request.getBuildId())
        .ifPresentOrElse(
            job -> {
              response.onNext(GetBuildResponse.newBuilder().setBuild(job).build());
              response.onCompleted();
            },
            () -> response.onError(error(Status.NOT_FOUND, "no build " + request.getBuildId())));
  }

  /** What builderd would not know how to build. */
  private static String problem(BuildConfig config) {
    if (config.getSource().getDockerImage().getImageUri().isEmpty()) {
      return "source.docker_image.image_uri is empty";
    }
    if (config.getTarget().getMicrovmRootfs().getInitStrategy()
        != InitStrategy.INIT_STRATEGY_TINI) {
      return "target is not a root file system with tini";
    }
    return config.getStrategy().getDockerExtract().getFlattenFilesystem()
        ? ""
        : "strategy does not flatten the file system";
  }

  private static StatusRuntimeException error(Status status, String message) {
    return status.withDescription(message).asRuntimeException();
  }
}
