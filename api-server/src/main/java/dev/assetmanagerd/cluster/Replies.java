package dev.assetmanagerd.cluster;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Helps a gRPC service answer with a future. */
final class Replies {
  private static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(30);

  private Replies() {}

  /** The deadline of the call that is being served; 30 s from now where the caller set none. */
  static Deadline deadline() {
    return deadline(DEFAULT_DEADLINE);
  }

  /** The deadline of the call that is being served; that far away where the caller set none. */
  static Deadline deadline(Duration otherwise) {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null
        ? Deadline.after(otherwise.toMillis(), TimeUnit.MILLISECONDS)
        : deadline;
  }

  /** Sends what the future brings, when it does. */
  static <T> void send(CompletableFuture<T> answer, StreamObserver<T> reply) {
    CompletableFuture<T> unused =
        answer.whenComplete(
            (value, failure) -> {
              if (failure == null) {
                reply.onNext(value);
                reply.onCompleted();
              } else {
                reply.onError(NodeErrors.toStatus(failure));
              }
            });
  }
}
