package dev.assetmanagerd.asset;

import dev.assetmanagerd.transfer.v1.DownloadAssetRequest;
import dev.assetmanagerd.transfer.v1.DownloadAssetResponse;
import dev.assetmanagerd.transfer.v1.DownloadHeader;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.ByteArrayOutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A download as its client sees it, message by message. */
final class ReceivedDownload
    implements ClientResponseObserver<DownloadAssetRequest, DownloadAssetResponse> {
  private final CompletableFuture<DownloadHeader> header = new CompletableFuture<>();
  private final CompletableFuture<Status> ended = new CompletableFuture<>();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final boolean slow;
  private @Nullable ClientCallStreamObserver<DownloadAssetRequest> call;

  private ReceivedDownload(boolean slow) {
    this.slow = slow;
  }

  /** Takes all there is. */
  static ReceivedDownload of(Channel channel, String id, long offset, long length) {
    return start(channel, id, offset, length, false);
  }

  /** Takes the header, and then nothing more before it is told to. */
  static ReceivedDownload slow(Channel channel, String id) {
    return start(channel, id, 0, 0, true);
  }

  private static ReceivedDownload start(
      Channel channel, String id, long offset, long length, boolean slow) {
    ReceivedDownload download = new ReceivedDownload(slow);
    DownloadAssetRequest request =
        DownloadAssetRequest.newBuilder().setId(id).setOffset(offset).setLength(length).build();
    TransferServiceGrpc.newStub(channel).downloadAsset(request, download);
    return download;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<DownloadAssetRequest> call) {
    this.call = call;
    if (slow) {
      call.disableAutoRequestWithInitial(1);
    }
  }

  private ClientCallStreamObserver<DownloadAssetRequest> call() {
    if (call == null) {
      throw new IllegalStateException("the call has not begun");
    }
    return call;
  }

  void takeTheRest() {
    call().request(Integer.MAX_VALUE);
  }

  void cancel() {
    call().cancel("no more of it", null);
  }

  DownloadHeader header() {
    return header.orTimeout(20, TimeUnit.SECONDS).join();
  }

  /** How the call ended; waits for that. */
  Status status() {
    return ended.orTimeout(20, TimeUnit.SECONDS).join();
  }

  boolean hasHeader() {
    return header.isDone();
  }

  /** All bytes that came; waits for the end. */
  byte[] bytes() {
    var unused = status();
    return bytes.toByteArray();
  }

  @Override
  public void onNext(DownloadAssetResponse message) {
    if (message.hasHeader()) {
      header.complete(message.getHeader());
    } else {
      bytes.writeBytes(message.getChunk().toByteArray());
    }
  }

  @Override
  public void onError(Throwable failure) {
    ended.complete(Status.fromThrowable(failure));
  }

  @Override
  public void onCompleted() {
    ended.complete(Status.OK);
  }
}
