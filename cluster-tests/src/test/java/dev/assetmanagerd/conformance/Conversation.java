package dev.assetmanagerd.conformance;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.conformance.v1.BidiStreamRequest;
import dev.assetmanagerd.conformance.v1.BidiStreamResponse;
import dev.assetmanagerd.conformance.v1.ConformancePayload.RequestInfo;
import dev.assetmanagerd.conformance.v1.StreamResponseDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A call where both sides stream. In full duplex each request is answered at once; in half duplex
 * all answers follow the last request. What is left to answer is sent when the client has finished.
 */
final class Conversation implements StreamObserver<BidiStreamRequest> {
  private final ServerCallStreamObserver<BidiStreamResponse> responses;
  private final ObservedCall call = ObservedCall.current();
  private final List<BidiStreamRequest> unreported = new ArrayList<>();
  private @Nullable StreamResponseDefinition definition;
  private boolean fullDuplex;
  private boolean ended;
  private int answered;

  Conversation(ServerCallStreamObserver<BidiStreamResponse> responses) {
    this.responses = responses;
  }

  @Override
  public void onNext(BidiStreamRequest request) {
    if (ended) {
      return;
    }
    if (definition == null) {
      definition = request.getResponseDefinition();
      fullDuplex = request.getFullDuplex();
      call.answerWith(definition.getResponseHeadersList(), definition.getResponseTrailersList());
    }
    unreported.add(request);
    if (fullDuplex) {
      if (answered < definition.getResponseDataCount()) {
        answer(definition);
      } else {
        end();
      }
    }
  }

  @Override
  public void onError(Throwable cause) {
    ended = true;
  }

  @Override
  public void onCompleted() {
    StreamResponseDefinition answers = definition;
    while (!ended && answers != null && answered < answers.getResponseDataCount()) {
      answer(answers);
    }
    end();
  }

  private void answer(StreamResponseDefinition answers) {
    ConformanceService.delay(answers.getResponseDelayMs());
    if (responses.isCancelled()) {
      ended = true;
      return;
    }
    ByteString data = answers.getResponseData(answered);
    responses.onNext(
        BidiStreamResponse.newBuilder()
            .setPayload(ConformanceService.payload(data, report()))
            .build());
    answered++;
  }

  /** The first answer reports the whole call, later ones only the requests since. */
  private @Nullable RequestInfo report() {
    RequestInfo whole = call.info(unreported);
    boolean nothingNew = unreported.isEmpty();
    unreported.clear();
    if (answered == 0) {
      return whole;
    }
    return nothingNew
        ? null
        : RequestInfo.newBuilder().addAllRequests(whole.getRequestsList()).build();
  }

  private void end() {
    if (ended) {
      return;
    }
    ended = true;
    if (definition != null && definition.hasError()) {
      responses.onError(
          ConformanceService.failure(definition.getError(), answered == 0 ? report() : null));
    } else {
      responses.onCompleted();
    }
  }
}
