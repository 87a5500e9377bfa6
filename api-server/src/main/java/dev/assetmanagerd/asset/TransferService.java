package dev.assetmanagerd.asset;

import dev.assetmanagerd.transfer.v1.AbortUploadRequest;
import dev.assetmanagerd.transfer.v1.AbortUploadResponse;
import dev.assetmanagerd.transfer.v1.CompleteUploadRequest;
import dev.assetmanagerd.transfer.v1.CompleteUploadResponse;
import dev.assetmanagerd.transfer.v1.DownloadAssetRequest;
import dev.assetmanagerd.transfer.v1.DownloadAssetResponse;
import dev.assetmanagerd.transfer.v1.GetUploadRequest;
import dev.assetmanagerd.transfer.v1.GetUploadResponse;
import dev.assetmanagerd.transfer.v1.OpenUploadRequest;
import dev.assetmanagerd.transfer.v1.OpenUploadResponse;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc;
import dev.assetmanagerd.transfer.v1.WriteUploadRequest;
import dev.assetmanagerd.transfer.v1.WriteUploadResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;

/**
 * The calls that move the bytes of assets. GetUpload occupies no thread while it waits. A download
 * has a thread of its own, and so has a completion, which reads all bytes.
 */
final class TransferService implements TransferServiceGrpc.AsyncService {
  private final Downloads downloads;
  private final OpenUploads uploads;
  private final UploadWrites writes;
  private final UploadCompletion completion;
  private final Executor completing;

  /**
   * @param completing threads that may wait for bytes long; may refuse
   */
  TransferService(
      Downloads downloads,
      OpenUploads uploads,
      UploadWrites writes,
      UploadCompletion completion,
      Executor completing) {
    this.downloads = downloads;
    this.uploads = uploads;
    this.writes = writes;
    this.completion = completion;
    this.completing = completing;
  }

  @Override
  public void downloadAsset(
      DownloadAssetRequest request, StreamObserver<DownloadAssetResponse> response) {
    try {
      downloads.start(
          CallScope.current(), request, (ServerCallStreamObserver<DownloadAssetResponse>) response);
    } catch (RuntimeException e) {
      response.onError(ApiErrors.of(e));
    }
  }

  @Override
  public void openUpload(OpenUploadRequest request, StreamObserver<OpenUploadResponse> response) {
    Answers.answerBlocking(response, () -> uploads.open(CallScope.current(), request));
  }

  @Override
  public StreamObserver<WriteUploadRequest> writeUpload(
      StreamObserver<WriteUploadResponse> response) {
    try {
      return writes.start(
          CallScope.current(), (ServerCallStreamObserver<WriteUploadResponse>) response);
    } catch (RuntimeException e) {
      response.onError(ApiErrors.of(e));
      return new IgnoredStream<>();
    }
  }

  @Override
  public void getUpload(GetUploadRequest request, StreamObserver<GetUploadResponse> response) {
    Answers.answer(request, response, uploads::get);
  }

  @Override
  public void completeUpload(
      CompleteUploadRequest request, StreamObserver<CompleteUploadResponse> response) {
    CallScope scope = CallScope.current();
    Answers.answerOn(completing, "upload_id", response, () -> completion.complete(scope, request));
  }

  @Override
  public void abortUpload(
      AbortUploadRequest request, StreamObserver<AbortUploadResponse> response) {
    Answers.answerBlocking(response, () -> uploads.abort(CallScope.current(), request));
  }
}
