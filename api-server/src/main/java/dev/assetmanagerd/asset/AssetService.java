package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.DeleteAssetResponse;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.GarbageCollectResponse;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.GetAssetResponse;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.ListAssetsResponse;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsResponse;
import dev.assetmanagerd.api.v1.QueryAssetsRequest;
import dev.assetmanagerd.api.v1.QueryAssetsResponse;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.RegisterAssetResponse;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetResponse;
import dev.assetmanagerd.api.v1.UploadAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;

/**
 * The ten calls of the API under both of its service names.
 *
 * <p>Acquire, Release, Get, List, Query and Delete occupy no thread while they wait. Prepare may
 * wait long for bytes and has threads of its own. The others work with files, and block the thread
 * that serves the call.
 */
final class AssetService
    implements dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.AsyncService,
        dev.assetmanagerd.api.deploy.v1.AssetManagerServiceGrpc.AsyncService {
  private final Uploads uploads;
  private final Registration registration;
  private final AssetReads reads;
  private final AssetQueries queries;
  private final Leasing leasing;
  private final Deletion deletion;
  private final GarbageCollection garbageCollection;
  private final Preparation preparation;
  private final Executor preparing;
  private final AssetServiceOptions options;

  /**
   * @param preparing threads that may wait for bytes as long; may refuse
   */
  AssetService(
      AssetServiceOptions options,
      Uploads uploads,
      Registration registration,
      AssetReads reads,
      AssetQueries queries,
      Leasing leasing,
      Deletion deletion,
      GarbageCollection garbageCollection,
      Preparation preparation,
      Executor preparing) {
    this.options = options;
    this.uploads = uploads;
    this.registration = registration;
    this.reads = reads;
    this.queries = queries;
    this.leasing = leasing;
    this.deletion = deletion;
    this.garbageCollection = garbageCollection;
    this.preparation = preparation;
    this.preparing = preparing;
  }

  @Override
  public StreamObserver<UploadAssetRequest> uploadAsset(
      StreamObserver<UploadAssetResponse> response) {
    try {
      return uploads.start(
          CallScope.current(), (ServerCallStreamObserver<UploadAssetResponse>) response);
    } catch (RuntimeException e) {
      response.onError(ApiErrors.of(e));
      return new IgnoredStream<>();
    }
  }

  @Override
  public void registerAsset(
      RegisterAssetRequest request, StreamObserver<RegisterAssetResponse> response) {
    Answers.answerBlocking(
        response,
        () ->
            RegisterAssetResponse.newBuilder()
                .setAsset(
                    registration.register(
                        CallScope.current(), AssetRequests.register(request, options)))
                .build());
  }

  @Override
  public void getAsset(GetAssetRequest request, StreamObserver<GetAssetResponse> response) {
    Answers.answer(request, response, reads::get);
  }

  @Override
  public void listAssets(ListAssetsRequest request, StreamObserver<ListAssetsResponse> response) {
    Answers.answer(request, response, reads::list);
  }

  @Override
  public void acquireAsset(
      AcquireAssetRequest request, StreamObserver<AcquireAssetResponse> response) {
    Answers.answer(request, response, leasing::acquire);
  }

  @Override
  public void releaseAsset(
      ReleaseAssetRequest request, StreamObserver<ReleaseAssetResponse> response) {
    Answers.answer(request, response, leasing::release);
  }

  @Override
  public void deleteAsset(
      DeleteAssetRequest request, StreamObserver<DeleteAssetResponse> response) {
    Answers.answer(request, response, deletion::delete);
  }

  @Override
  public void garbageCollect(
      GarbageCollectRequest request, StreamObserver<GarbageCollectResponse> response) {
    Answers.answerBlocking(response, () -> garbageCollection.run(CallScope.current(), request));
  }

  @Override
  public void prepareAssets(
      PrepareAssetsRequest request, StreamObserver<PrepareAssetsResponse> response) {
    CallScope scope = CallScope.current();
    Answers.answerOn(preparing, "asset_ids", response, () -> preparation.prepare(scope, request));
  }

  @Override
  public void queryAssets(
      QueryAssetsRequest request, StreamObserver<QueryAssetsResponse> response) {
    Answers.answer(request, response, queries::query);
  }
}
