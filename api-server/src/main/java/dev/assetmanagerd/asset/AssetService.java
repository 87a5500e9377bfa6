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
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;

/**
 * The ten calls of the API under both of its service names. What they have in common is here: the
 * scope of the call, and how results and failures become responses.
 *
 * <p>Acquire, Release, Get, List, Query and Delete occupy no thread while they wait. The others
 * work with files, and block the thread that serves the call.
 */
final class AssetService
    implements dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.AsyncService,
        dev.assetmanagerd.api.deploy.v1.AssetManagerServiceGrpc.AsyncService {
  private final Uploads uploads;
  private final Registration registration;
  private final AssetReads reads;
  private final Leasing leasing;
  private final Deletion deletion;
  private final GarbageCollection garbageCollection;
  private final Preparation preparation;
  private final AssetServiceOptions options;

  AssetService(
      AssetServiceOptions options,
      Uploads uploads,
      Registration registration,
      AssetReads reads,
      Leasing leasing,
      Deletion deletion,
      GarbageCollection garbageCollection,
      Preparation preparation) {
    this.options = options;
    this.uploads = uploads;
    this.registration = registration;
    this.reads = reads;
    this.leasing = leasing;
    this.deletion = deletion;
    this.garbageCollection = garbageCollection;
    this.preparation = preparation;
  }

  @Override
  public StreamObserver<UploadAssetRequest> uploadAsset(
      StreamObserver<UploadAssetResponse> response) {
    try {
      return uploads.start(
          CallScope.current(), (ServerCallStreamObserver<UploadAssetResponse>) response);
    } catch (RuntimeException e) {
      response.onError(ApiErrors.of(e));
      return new IgnoredStream();
    }
  }

  @Override
  public void registerAsset(
      RegisterAssetRequest request, StreamObserver<RegisterAssetResponse> response) {
    answerBlocking(
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
    answer(request, response, reads::get);
  }

  @Override
  public void listAssets(ListAssetsRequest request, StreamObserver<ListAssetsResponse> response) {
    answer(request, response, reads::list);
  }

  @Override
  public void acquireAsset(
      AcquireAssetRequest request, StreamObserver<AcquireAssetResponse> response) {
    answer(request, response, leasing::acquire);
  }

  @Override
  public void releaseAsset(
      ReleaseAssetRequest request, StreamObserver<ReleaseAssetResponse> response) {
    answer(request, response, leasing::release);
  }

  @Override
  public void deleteAsset(
      DeleteAssetRequest request, StreamObserver<DeleteAssetResponse> response) {
    answer(request, response, deletion::delete);
  }

  @Override
  public void garbageCollect(
      GarbageCollectRequest request, StreamObserver<GarbageCollectResponse> response) {
    answerBlocking(response, () -> garbageCollection.run(CallScope.current(), request));
  }

  @Override
  public void prepareAssets(
      PrepareAssetsRequest request, StreamObserver<PrepareAssetsResponse> response) {
    answerBlocking(response, () -> preparation.prepare(CallScope.current(), request));
  }

  @Override
  public void queryAssets(
      QueryAssetsRequest request, StreamObserver<QueryAssetsResponse> response) {
    answer(request, response, reads::query);
  }

  private static <Q, S> void answer(
      Q request,
      StreamObserver<S> response,
      BiFunction<CallScope, Q, CompletableFuture<S>> method) {
    tolerateCancellation(response);
    CompletableFuture<S> result;
    try {
      result = method.apply(CallScope.current(), request);
    } catch (RuntimeException e) {
      response.onError(ApiErrors.of(e));
      return;
    }
    var unused =
        result.whenComplete(
            (message, failure) -> {
              if (failure != null) {
                response.onError(ApiErrors.of(failure));
              } else {
                send(response, message);
              }
            });
  }

  private static <S> void answerBlocking(StreamObserver<S> response, Callable<S> method) {
    tolerateCancellation(response);
    S message;
    try {
      message = method.call();
    } catch (Exception e) {
      response.onError(ApiErrors.of(e));
      return;
    }
    send(response, message);
  }

  private static <S> void send(StreamObserver<S> response, S message) {
    response.onNext(message);
    response.onCompleted();
  }

  /** Without a handler, answering a call that was cancelled meanwhile would throw. */
  private static void tolerateCancellation(StreamObserver<?> response) {
    ((ServerCallStreamObserver<?>) response).setOnCancelHandler(() -> {});
  }

  /** Takes what still comes in on a stream that was refused. */
  private static final class IgnoredStream implements StreamObserver<UploadAssetRequest> {
    @Override
    public void onNext(UploadAssetRequest message) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}
  }
}
