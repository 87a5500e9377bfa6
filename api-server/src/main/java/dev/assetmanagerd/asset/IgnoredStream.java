package dev.assetmanagerd.asset;

import io.grpc.stub.StreamObserver;

/** Takes what still comes in on a stream that was refused. */
final class IgnoredStream<Q> implements StreamObserver<Q> {
  @Override
  public void onNext(Q message) {}

  @Override
  public void onError(Throwable failure) {}

  @Override
  public void onCompleted() {}
}
