package dev.assetmanagerd.asset;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.registry.RegistryBusyException;
import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.UploadChangedException;
import dev.assetmanagerd.storage.bounded.StoreHangsException;
import dev.assetmanagerd.storage.cache.CacheBusyException;
import dev.assetmanagerd.storage.cache.CacheFullException;
import dev.assetmanagerd.storage.cache.WrongBytesException;
import dev.assetmanagerd.storage.file.DiskFailure;
import dev.assetmanagerd.storage.http.HttpSourceException;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every way in which a call can fail, as a status for the caller.
 *
 * <p>An {@code INVALID_ARGUMENT} carries a {@link BadRequest} that names the field; its message
 * names field, value and rule. Nothing internal (stack, host path outside the store) gets out.
 */
final class ApiErrors {
  /**
   * Trailer of an error: {@code unknown} when the change may have been made all the same, {@code
   * unchanged} when it certainly was not and another node may be asked.
   */
  static final Metadata.Key<String> OUTCOME =
      Metadata.Key.of("assetmanager-outcome", Metadata.ASCII_STRING_MARSHALLER);

  private static final Logger log = LoggerFactory.getLogger(ApiErrors.class);

  private static final int SHOWN_CHARS = 80;
  private static final String ASSET_PREFIX = "asset.";

  private ApiErrors() {}

  /** The field breaks a rule; {@code rule} continues the sentence "FIELD VALUE …". */
  static StatusRuntimeException invalid(String field, String value, String rule) {
    return invalid(field, quoted(value) + " " + rule);
  }

  /** The field breaks a rule; {@code description} continues the sentence "FIELD …". */
  static StatusRuntimeException invalid(String field, String description) {
    BadRequest detail =
        BadRequest.newBuilder()
            .addFieldViolations(
                BadRequest.FieldViolation.newBuilder().setField(field).setDescription(description))
            .build();
    return status(Code.INVALID_ARGUMENT, field + ": " + description, Any.pack(detail));
  }

  static StatusRuntimeException notFound(String message) {
    return status(Code.NOT_FOUND, message);
  }

  static StatusRuntimeException alreadyExists(String message) {
    return status(Code.ALREADY_EXISTS, message);
  }

  static StatusRuntimeException failedPrecondition(String message) {
    return status(Code.FAILED_PRECONDITION, message);
  }

  static StatusRuntimeException outOfRange(String message) {
    return status(Code.OUT_OF_RANGE, message);
  }

  static StatusRuntimeException permissionDenied(String message) {
    return status(Code.PERMISSION_DENIED, message);
  }

  static StatusRuntimeException resourceExhausted(String message) {
    return status(Code.RESOURCE_EXHAUSTED, message);
  }

  static StatusRuntimeException unimplemented(String message) {
    return status(Code.UNIMPLEMENTED, message);
  }

  static StatusRuntimeException unavailable(String message) {
    return status(Code.UNAVAILABLE, message);
  }

  /** Unavailable for now, and certainly without any change; another try may be worth it. */
  static StatusRuntimeException unchanged(String message) {
    return withOutcome(Code.UNAVAILABLE, message + "; nothing was changed", "unchanged");
  }

  static StatusRuntimeException deadlineExceeded(String message) {
    return status(Code.DEADLINE_EXCEEDED, message);
  }

  static StatusRuntimeException cancelled(String message) {
    return status(Code.CANCELLED, message);
  }

  /** The bytes in storage are not what the registry says. */
  static StatusRuntimeException dataLoss(String message) {
    return status(Code.DATA_LOSS, message);
  }

  /** A business rule said no. */
  static StatusRuntimeException rejected(Rejection rejection) {
    // Commands carry the asset as a whole; requests have its fields side by side.
    String field =
        rejection.getField().startsWith(ASSET_PREFIX)
            ? rejection.getField().substring(ASSET_PREFIX.length())
            : rejection.getField();
    String message =
        field.isEmpty() ? rejection.getMessage() : field + ": " + rejection.getMessage();
    return switch (rejection.getRule()) {
      case RULE_INVALID ->
          field.isEmpty()
              ? status(Code.INVALID_ARGUMENT, message)
              : invalid(field, rejection.getMessage());
      case RULE_ASSET_NOT_FOUND,
          RULE_LEASE_NOT_FOUND,
          RULE_SESSION_NOT_FOUND,
          RULE_BUILD_NOT_FOUND,
          RULE_UPLOAD_NOT_FOUND,
          RULE_BACKUP_NOT_FOUND ->
          notFound(message);
      case RULE_ASSET_EXISTS, RULE_SESSION_EXISTS -> alreadyExists(message);
      case RULE_ASSET_NOT_AVAILABLE,
          RULE_LOCATION_BEING_DELETED,
          RULE_RESERVATION_EXPIRED,
          RULE_UPLOAD_OFFSET,
          RULE_UPLOAD_FULL,
          RULE_FORMAT_LEVEL ->
          failedPrecondition(message);
      case RULE_SESSION_FULL, RULE_TOO_MANY_UPLOADS, RULE_TOO_MANY_BACKUPS ->
          resourceExhausted(message);
      case RULE_KEY_REUSED -> invalid("header Idempotency-Key", rejection.getMessage());
      case RULE_TERM_ENDED -> withOutcome(Code.UNAVAILABLE, message, "unchanged");
      case RULE_UNSPECIFIED, UNRECOGNIZED ->
          status(
              Code.INTERNAL,
              "rejected by a rule this node does not know ("
                  + rejection.getRuleValue()
                  + "): "
                  + message);
    };
  }

  /** Whatever a call ran into, as a status. What nobody foresaw is logged and told as internal. */
  static StatusRuntimeException of(Throwable failure) {
    Throwable cause = failure;
    while (isWrapper(cause) && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof StatusRuntimeException status) {
      return status;
    }
    if (cause instanceof ClusterUnavailableException unavailable) {
      return ofUnavailable(unavailable);
    }
    if (cause instanceof IOException io) {
      return ofStorage(io);
    }
    if (cause instanceof RegistryBusyException busy) {
      return resourceExhausted(busy.getMessage() + "; nothing was changed");
    }
    if (cause instanceof CancellationException) {
      return cancelled("the caller gave up");
    }
    log.error("call failed", cause);
    if (cause instanceof RegistryException registry && registry.isOfThisMachine()) {
      return outcomeUnknown(
          Code.UNAVAILABLE, "the disk of this node failed, see its log; ask another node");
    }
    return cause instanceof RegistryException
        ? status(Code.INTERNAL, "the registry of this node failed; see its log")
        : status(Code.INTERNAL, "internal error; see the log of this node");
  }

  private static boolean isWrapper(Throwable failure) {
    return failure instanceof CompletionException
        || failure instanceof ExecutionException
        || failure instanceof UncheckedIOException;
  }

  private static StatusRuntimeException ofUnavailable(ClusterUnavailableException unavailable) {
    Code code =
        switch (unavailable.reason()) {
          case NO_LEADER, STOPPING -> Code.UNAVAILABLE;
          case OVERLOADED -> Code.RESOURCE_EXHAUSTED;
          case DEADLINE -> Code.DEADLINE_EXCEEDED;
        };
    String message = String.valueOf(unavailable.getMessage());
    return unavailable.outcomeUnknown()
        ? outcomeUnknown(code, message)
        : withOutcome(code, message + "; nothing was changed", "unchanged");
  }

  /** The deadline passed, and the change may have been made all the same. */
  static StatusRuntimeException outcomeUnknown(String message) {
    return outcomeUnknown(Code.DEADLINE_EXCEEDED, message);
  }

  /** The same with another code. */
  static StatusRuntimeException outcomeUnknown(Code code, String message) {
    return withOutcome(
        code, message + "; the outcome is unknown: it may yet have been done", "unknown");
  }

  /** The call failed with some of its work done; {@code done} says what. */
  static StatusRuntimeException halfDone(StatusRuntimeException failure, String done) {
    Code code = Code.forNumber(failure.getStatus().getCode().value());
    return withOutcome(code, failure.getStatus().getDescription() + "; " + done, "unknown");
  }

  private static StatusRuntimeException withOutcome(Code code, String message, String outcome) {
    Metadata trailers = new Metadata();
    trailers.put(OUTCOME, outcome);
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder().setCode(code.getNumber()).setMessage(message).build(),
        trailers);
  }

  private static StatusRuntimeException ofStorage(IOException failure) {
    if (failure instanceof InvalidLocationException invalid) {
      return invalid("location", String.valueOf(invalid.getMessage()));
    }
    if (failure instanceof UploadChangedException) {
      return failedPrecondition(
          "upload_id: the client has stored something else while it was verified; complete it again");
    }
    if (failure instanceof HttpSourceException source) {
      return ofSource("location: ", source);
    }
    if (failure instanceof CacheFullException || failure instanceof CacheBusyException) {
      return resourceExhausted(String.valueOf(failure.getMessage()));
    }
    if (failure instanceof WrongBytesException) {
      return dataLoss(String.valueOf(failure.getMessage()));
    }
    if (failure instanceof InterruptedIOException) {
      return deadlineExceeded(String.valueOf(failure.getMessage()));
    }
    if (failure instanceof StoreHangsException hangs) {
      log.warn("storage hangs: {}", hangs.toString());
      return unavailable("the blob store does not answer: " + hangs.reason());
    }
    log.warn("storage failed", failure);
    return switch (DiskFailure.of(failure)) {
      case NO_SPACE -> resourceExhausted("the blob store has no space left");
      case PERMISSION -> unavailable("this node may not use the blob store as it has to");
      case READ_ONLY -> unavailable("the blob store is read-only");
      case NOT_FOUND -> status(Code.INTERNAL, "a file of the blob store is gone");
      case STALE_HANDLE -> unavailable("the blob store is gone for the moment (stale handle)");
      case IO_ERROR -> unavailable("the blob store failed (input/output error)");
      case OTHER -> unavailable("the blob store failed; see the log of this node");
    };
  }

  /**
   * An HTTP source did not give what was asked for.
   *
   * @param about what comes before the name of the source
   */
  static StatusRuntimeException ofSource(String about, HttpSourceException failure) {
    String message = about + failure.getMessage();
    return switch (failure.kind()) {
      case UNAVAILABLE -> unavailable(message);
      case CHANGED, REFUSED -> failedPrecondition(message);
    };
  }

  /**
   * A value of the caller's as it is safe to show: short, and without control and formatting
   * characters.
   */
  static String quoted(String value) {
    StringBuilder shown = new StringBuilder("\"");
    value
        .codePoints()
        .limit(SHOWN_CHARS)
        .map(c -> isPrintable(c) ? c : '\uFFFD')
        .forEach(shown::appendCodePoint);
    if (value.codePointCount(0, value.length()) > SHOWN_CHARS) {
      shown.append('…');
    }
    return shown.append('"').toString();
  }

  /** Not what moves the cursor, or has the text around it read in another order. */
  private static boolean isPrintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }

  private static StatusRuntimeException status(Code code, String message, Any... details) {
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder().setCode(code.getNumber()).setMessage(message);
    for (Any detail : details) {
      status.addDetails(detail);
    }
    return StatusProto.toStatusRuntimeException(status.build());
  }
}
