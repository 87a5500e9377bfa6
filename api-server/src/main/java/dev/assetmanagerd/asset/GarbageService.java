package dev.assetmanagerd.asset;

import dev.assetmanagerd.garbage.v1.ExplainAssetRequest;
import dev.assetmanagerd.garbage.v1.ExplainAssetResponse;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.garbage.v1.SweepOrphansRequest;
import dev.assetmanagerd.garbage.v1.SweepOrphansResponse;
import io.grpc.stub.StreamObserver;

/** What garbage collection offers beyond the call that runs it. */
final class GarbageService implements GarbageServiceGrpc.AsyncService {
  private final Explanation explanation;
  private final OrphanSweep sweep;

  GarbageService(Explanation explanation, OrphanSweep sweep) {
    this.explanation = explanation;
    this.sweep = sweep;
  }

  @Override
  public void explainAsset(
      ExplainAssetRequest request, StreamObserver<ExplainAssetResponse> response) {
    Answers.answer(request, response, explanation::explain);
  }

  @Override
  public void sweepOrphans(
      SweepOrphansRequest request, StreamObserver<SweepOrphansResponse> response) {
    Answers.answerBlocking(response, () -> sweep.run(request));
  }
}
