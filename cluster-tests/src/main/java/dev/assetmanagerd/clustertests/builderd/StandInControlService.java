package dev.assetmanagerd.clustertests.builderd;

import dev.assetmanagerd.clustertests.builderd.v1.Behaviour;
import dev.assetmanagerd.clustertests.builderd.v1.ForgetBuildsRequest;
import dev.assetmanagerd.clustertests.builderd.v1.ForgetBuildsResponse;
import dev.assetmanagerd.clustertests.builderd.v1.GetCountsRequest;
import dev.assetmanagerd.clustertests.builderd.v1.GetCountsResponse;
import dev.assetmanagerd.clustertests.builderd.v1.SetBehaviourResponse;
import dev.assetmanagerd.clustertests.builderd.v1.StandInControlGrpc;
import io.grpc.stub.StreamObserver;

/** What tests say to the stand-in. */
final class StandInControlService extends StandInControlGrpc.StandInControlImplBase {
  private final StandInBuilds builds;

  StandInControlService(StandInBuilds builds) {
    this.builds = builds;
  }

  @Override
  public void setBehaviour(Behaviour behaviour, StreamObserver<SetBehaviourResponse> response) {
    builds.behave(behaviour);
    response.onNext(SetBehaviourResponse.getDefaultInstance());
    response.onCompleted();
  }

  @Override
  public void getCounts(GetCountsRequest request, StreamObserver<GetCountsResponse> response) {
    response.onNext(builds.counts());
    response.onCompleted();
  }

  @Override
  public void forgetBuilds(
      ForgetBuildsRequest request, StreamObserver<ForgetBuildsResponse> response) {
    builds.forget();
    response.onNext(ForgetBuildsResponse.getDefaultInstance());
    response.onCompleted();
  }
}
