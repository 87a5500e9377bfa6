package dev.assetmanagerd.asset;

import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiFunction;

/** How results and failures of a unary call become its response. */
final class Answers {
  private Answers() {}

  /** For a method that occupies no thread while it waits. */
  static <Q, S> void answer(
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

  /** For a method that blocks the thread that serves the call. */
  static <S> void answerBlocking(StreamObserver<S> response, Callable<S> method) {
    tolerateCancellation(response);
    run(response, method);
  }

  private static <S> void run(StreamObserver<S> response, Callable<S> method) {
    S message;
    try {
      message = method.call();
    } catch (Exception e) {
      response.onError(ApiErrors.of(e));
      return;
    }
    send(response, message);
  }

  /**
   * For a method that may block for long, on threads of its own.
   *
   * @param threads may refuse: then the call is, too
   * @param field that the refusal names
   */
  static <S> void answerOn(
      Executor threads, String field, StreamObserver<S> response, Callable<S> method) {
    tolerateCancellation(response);
    try {
      threads.execute(Context.current().wrap(() -> run(response, method)));
    } catch (RejectedExecutionException e) {
      response.onError(
          ApiErrors.resourceExhausted(
              field + ": too many calls wait for bytes on this node; nothing was changed"));
    }
  }

  private static <S> void send(StreamObserver<S> response, S message) {
    response.onNext(message);
    response.onCompleted();
  }

  /** Without a handler, answering a call that was cancelled meanwhile would throw. */
  private static void tolerateCancellation(StreamObserver<?> response) {
    ((ServerCallStreamObserver<?>) response).setOnCancelHandler(() -> {});
  }
}
