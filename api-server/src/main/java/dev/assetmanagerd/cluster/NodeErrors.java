package dev.assetmanagerd.cluster;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import dev.assetmanagerd.node.v1.NotLeader;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import dev.assetmanagerd.raft.NotLeaderException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Arrays;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Errors between nodes, as exceptions here and as gRPC statuses on the wire.
 *
 * <p>Whether the outcome of a call is unknown has to survive every hop, so it travels as a detail
 * and is not guessed from the code.
 */
final class NodeErrors {
  private static final String DOMAIN = "assetmanagerd";
  private static final String OUTCOME_UNKNOWN = "outcome_unknown";

  private NodeErrors() {}

  /** What the server side of a call between nodes answers. */
  static StatusRuntimeException toStatus(Throwable failure) {
    Throwable cause = unwrap(failure);
    if (cause instanceof NotLeaderException notLeader) {
      String leaderId = notLeader.leaderId();
      return status(
          Code.FAILED_PRECONDITION,
          notLeader,
          Any.pack(NotLeader.newBuilder().setLeaderId(leaderId == null ? "" : leaderId).build()));
    }
    if (cause instanceof MembershipException broken) {
      return broken.toStatus();
    }
    if (cause instanceof StatusRuntimeException status) {
      return status; // as another node has answered
    }
    if (cause instanceof ClusterUnavailableException unavailable) {
      return status(code(unavailable.reason()), unavailable, Any.pack(info(unavailable)));
    }
    if (cause instanceof StatusRuntimeException status) {
      return status;
    }
    return Status.INTERNAL.withDescription(cause.toString()).withCause(cause).asRuntimeException();
  }

  /**
   * What the client side makes of a failed call.
   *
   * @param sent whether any of the request can have reached the other node
   */
  static RuntimeException fromStatus(String nodeId, Throwable failure, boolean sent) {
    Throwable cause = unwrap(failure);
    com.google.rpc.Status details = StatusProto.fromThrowable(cause);
    if (details != null) {
      for (Any detail : details.getDetailsList()) {
        RuntimeException told = told(detail, details.getMessage());
        if (told != null) {
          return told;
        }
      }
    }
    Status status = Status.fromThrowable(cause);
    Reason reason =
        status.getCode() == Status.Code.DEADLINE_EXCEEDED ? Reason.DEADLINE : Reason.NO_LEADER;
    String description = status.getDescription();
    ClusterUnavailableException unavailable =
        new ClusterUnavailableException(
            reason,
            sent,
            "node %s did not answer: %s%s"
                .formatted(
                    nodeId, status.getCode(), description == null ? "" : ", " + description));
    unavailable.initCause(cause);
    return unavailable;
  }

  static Throwable unwrap(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? unwrap(cause) : failure;
  }

  /** What went wrong, for people, without what only wraps it. */
  static String message(Throwable failure) {
    Throwable cause = failure.getCause();
    if (cause != null
        && (failure instanceof CompletionException || failure instanceof ExecutionException)) {
      return message(cause);
    }
    String message = failure.getMessage();
    return message == null ? failure.toString() : message;
  }

  private static StatusRuntimeException status(Code code, Throwable failure, Any detail) {
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.getNumber())
            .setMessage(String.valueOf(failure.getMessage()))
            .addDetails(detail)
            .build());
  }

  private static ErrorInfo info(ClusterUnavailableException unavailable) {
    return ErrorInfo.newBuilder()
        .setDomain(DOMAIN)
        .setReason(unavailable.reason().name())
        .putMetadata(OUTCOME_UNKNOWN, Boolean.toString(unavailable.outcomeUnknown()))
        .build();
  }

  private static Code code(Reason reason) {
    return switch (reason) {
      case NO_LEADER, STOPPING -> Code.UNAVAILABLE;
      case OVERLOADED -> Code.RESOURCE_EXHAUSTED;
      case DEADLINE -> Code.DEADLINE_EXCEEDED;
    };
  }

  private static @Nullable RuntimeException told(Any detail, String message) {
    try {
      if (detail.is(NotLeader.class)) {
        String leaderId = detail.unpack(NotLeader.class).getLeaderId();
        return new NotLeaderException(leaderId.isEmpty() ? null : leaderId);
      }
      if (detail.is(ErrorInfo.class)) {
        ErrorInfo info = detail.unpack(ErrorInfo.class);
        return info.getDomain().equals(DOMAIN) ? told(info, message) : null;
      }
      return null;
    } catch (InvalidProtocolBufferException e) {
      // As good as no detail: the caller is told that the outcome is unknown.
      return null;
    }
  }

  private static @Nullable RuntimeException told(ErrorInfo info, String message) {
    return Arrays.stream(Reason.values())
        .filter(reason -> reason.name().equals(info.getReason()))
        .findFirst()
        .map(
            reason ->
                new ClusterUnavailableException(
                    reason, !"false".equals(info.getMetadataMap().get(OUTCOME_UNKNOWN)), message))
        .orElse(null);
  }
}
