package dev.assetmanagerd.connect;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import dev.assetmanagerd.connect.testing.v1.Chunk;
import dev.assetmanagerd.connect.testing.v1.DownloadRequest;
import dev.assetmanagerd.connect.testing.v1.Probe;
import dev.assetmanagerd.connect.testing.v1.ProbeServiceGrpc;
import dev.assetmanagerd.connect.testing.v1.Receipt;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Does what a test orders, and counts. */
final class ProbeService extends ProbeServiceGrpc.ProbeServiceImplBase {
  /** Orders an error with details. */
  static final String FAIL = "fail";

  /** Orders an exception that no handler should throw. */
  static final String CRASH = "crash";

  /** Orders to never answer. */
  static final String HANG = "hang";

  /** Orders an answer larger than any limit on requests. */
  static final String TALK = "talk";

  /** The first chunk that an upload is refused for. */
  static final ByteString REFUSED = ByteString.copyFromUtf8("refused");

  /** Completed when a hanging call learns that its caller has gone, with the reason. */
  final CompletableFuture<Throwable> hangingCallCancelled = new CompletableFuture<>();

  /** Uploads ask for their next chunk when this is complete. */
  final CompletableFuture<Void> uploadGate = new CompletableFuture<>();

  final AtomicLong bytesReceived = new AtomicLong();
  final AtomicLong bytesSent = new AtomicLong();
  final AtomicInteger uploadsEndedByError = new AtomicInteger();

  @Override
  public void echo(Probe request, StreamObserver<Probe> responses) {
    switch (request.getOrder()) {
      case FAIL -> responses.onError(failure(request));
      case CRASH -> throw new IllegalArgumentException("the secret of " + request.getText());
      case HANG ->
          Context.current()
              .addListener(
                  context -> hangingCallCancelled.complete(context.cancellationCause()),
                  Runnable::run);
      case TALK -> {
        responses.onNext(Probe.newBuilder().setText("word ".repeat(100_000)).build());
        responses.onCompleted();
      }
      default -> {
        responses.onNext(request);
        responses.onCompleted();
      }
    }
  }

  private static Throwable failure(Probe request) {
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(Code.NOT_FOUND_VALUE)
            .setMessage("no probe \"" + request.getText() + "\" – 100 %")
            .addDetails(Any.pack(Probe.newBuilder().setText("detail").build()))
            .build());
  }

  @Override
  public void look(Probe request, StreamObserver<Probe> responses) {
    echo(request, responses);
  }

  @Override
  public StreamObserver<Chunk> upload(StreamObserver<Receipt> observer) {
    ServerCallStreamObserver<Receipt> responses = (ServerCallStreamObserver<Receipt>) observer;
    responses.disableAutoRequest();
    responses.request(1);
    Receipt.Builder receipt = Receipt.newBuilder();
    return new StreamObserver<>() {
      @Override
      public void onNext(Chunk chunk) {
        if (chunk.getData().equals(REFUSED)) {
          responses.onError(
              Status.ALREADY_EXISTS.withDescription("no more of that").asRuntimeException());
          return;
        }
        receipt.setChunks(receipt.getChunks() + 1);
        receipt.setSizeBytes(receipt.getSizeBytes() + chunk.getData().size());
        bytesReceived.addAndGet(chunk.getData().size());
        var unused = uploadGate.thenRun(() -> responses.request(1));
      }

      @Override
      public void onError(Throwable cause) {
        uploadsEndedByError.incrementAndGet();
      }

      @Override
      public void onCompleted() {
        responses.onNext(receipt.build());
        responses.onCompleted();
      }
    };
  }

  @Override
  public void download(DownloadRequest request, StreamObserver<Chunk> observer) {
    ServerCallStreamObserver<Chunk> responses = (ServerCallStreamObserver<Chunk>) observer;
    Chunk chunk =
        Chunk.newBuilder().setData(ByteString.copyFrom(new byte[request.getChunkBytes()])).build();
    AtomicInteger left = new AtomicInteger(request.getChunks());
    responses.setOnReadyHandler(
        () -> {
          while (responses.isReady() && left.get() > 0) {
            responses.onNext(chunk);
            bytesSent.addAndGet(chunk.getData().size());
            if (left.decrementAndGet() == 0) {
              responses.onCompleted();
            }
          }
        });
  }

  @Override
  public StreamObserver<Chunk> chat(StreamObserver<Chunk> responses) {
    return new StreamObserver<>() {
      @Override
      public void onNext(Chunk chunk) {
        responses.onNext(chunk);
      }

      @Override
      public void onError(Throwable cause) {
        uploadsEndedByError.incrementAndGet();
      }

      @Override
      public void onCompleted() {
        responses.onCompleted();
      }
    };
  }
}
