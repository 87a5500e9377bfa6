package dev.assetmanagerd.conformance;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.assetmanagerd.conformance.v1.BidiStreamRequest;
import dev.assetmanagerd.conformance.v1.BidiStreamResponse;
import dev.assetmanagerd.conformance.v1.ClientStreamRequest;
import dev.assetmanagerd.conformance.v1.ClientStreamResponse;
import dev.assetmanagerd.conformance.v1.ConformancePayload;
import dev.assetmanagerd.conformance.v1.ConformancePayload.RequestInfo;
import dev.assetmanagerd.conformance.v1.ConformanceServiceGrpc;
import dev.assetmanagerd.conformance.v1.Error;
import dev.assetmanagerd.conformance.v1.IdempotentUnaryRequest;
import dev.assetmanagerd.conformance.v1.IdempotentUnaryResponse;
import dev.assetmanagerd.conformance.v1.ServerStreamRequest;
import dev.assetmanagerd.conformance.v1.ServerStreamResponse;
import dev.assetmanagerd.conformance.v1.UnaryRequest;
import dev.assetmanagerd.conformance.v1.UnaryResponse;
import dev.assetmanagerd.conformance.v1.UnaryResponseDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Answers each call as its first message demands. */
final class ConformanceService extends ConformanceServiceGrpc.ConformanceServiceImplBase {
  @Override
  public void unary(UnaryRequest request, StreamObserver<UnaryResponse> responses) {
    answer(
        request.getResponseDefinition(),
        List.of(request),
        payload -> UnaryResponse.newBuilder().setPayload(payload).build(),
        responses);
  }

  @Override
  public void idempotentUnary(
      IdempotentUnaryRequest request, StreamObserver<IdempotentUnaryResponse> responses) {
    answer(
        request.getResponseDefinition(),
        List.of(request),
        payload -> IdempotentUnaryResponse.newBuilder().setPayload(payload).build(),
        responses);
  }

  @Override
  public StreamObserver<ClientStreamRequest> clientStream(
      StreamObserver<ClientStreamResponse> responses) {
    List<ClientStreamRequest> requests = new ArrayList<>();
    return new StreamObserver<>() {
      @Override
      public void onNext(ClientStreamRequest request) {
        requests.add(request);
      }

      @Override
      public void onError(Throwable cause) {
        requests.clear();
      }

      @Override
      public void onCompleted() {
        UnaryResponseDefinition definition =
            requests.isEmpty()
                ? UnaryResponseDefinition.getDefaultInstance()
                : requests.get(0).getResponseDefinition();
        answer(
            definition,
            requests,
            payload -> ClientStreamResponse.newBuilder().setPayload(payload).build(),
            responses);
      }
    };
  }

  @Override
  public void serverStream(
      ServerStreamRequest request, StreamObserver<ServerStreamResponse> responses) {
    var definition = request.getResponseDefinition();
    ObservedCall call = ObservedCall.current();
    call.answerWith(definition.getResponseHeadersList(), definition.getResponseTrailersList());
    @Nullable RequestInfo info = call.info(List.of(request));
    for (ByteString data : definition.getResponseDataList()) {
      delay(definition.getResponseDelayMs());
      if (((ServerCallStreamObserver<?>) responses).isCancelled()) {
        return;
      }
      ConformancePayload payload = payload(data, info);
      info = null; // only the first response reports it
      responses.onNext(ServerStreamResponse.newBuilder().setPayload(payload).build());
    }
    if (definition.hasError()) {
      responses.onError(failure(definition.getError(), info));
    } else {
      responses.onCompleted();
    }
  }

  @Override
  public StreamObserver<BidiStreamRequest> bidiStream(
      StreamObserver<BidiStreamResponse> responses) {
    return new Conversation((ServerCallStreamObserver<BidiStreamResponse>) responses);
  }

  private static <T> void answer(
      UnaryResponseDefinition definition,
      List<? extends Message> requests,
      Function<ConformancePayload, T> response,
      StreamObserver<T> responses) {
    ObservedCall call = ObservedCall.current();
    RequestInfo info = call.info(requests);
    call.answerWith(definition.getResponseHeadersList(), definition.getResponseTrailersList());
    delay(definition.getResponseDelayMs());
    if (definition.hasError()) {
      // Not thrown: a thrown error does not pass the interceptor, which adds the metadata.
      responses.onError(failure(definition.getError(), info));
    } else {
      responses.onNext(response.apply(payload(definition.getResponseData(), info)));
      responses.onCompleted();
    }
  }

  static ConformancePayload payload(ByteString data, @Nullable RequestInfo info) {
    ConformancePayload.Builder payload = ConformancePayload.newBuilder().setData(data);
    if (info != null) {
      payload.setRequestInfo(info);
    }
    return payload.build();
  }

  static StatusRuntimeException failure(Error error, @Nullable RequestInfo info) {
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder()
            .setCode(error.getCodeValue())
            .setMessage(error.getMessage())
            .addAllDetails(error.getDetailsList());
    if (info != null) {
      status.addDetails(Any.pack(info));
    }
    return StatusProto.toStatusRuntimeException(status.build());
  }

  /** The suite asks for slow answers, to see deadlines pass. */
  static void delay(int millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
      throw Status.CANCELLED.withCause(stopping).asRuntimeException();
    }
  }
}
