package dev.assetmanagerd.backup;

import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.registry.RegistryBusyException;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** A step of making or looking after backups did not succeed; says so as a status for callers. */
final class BackupFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final Metadata.Key<String> OUTCOME =
      Metadata.Key.of("assetmanager-outcome", Metadata.ASCII_STRING_MARSHALLER);

  private final Status.Code code;
  private final boolean outcomeUnknown;

  private BackupFailedException(
      Status.Code code, boolean outcomeUnknown, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
    this.outcomeUnknown = outcomeUnknown;
  }

  static BackupFailedException precondition(String message) {
    return new BackupFailedException(Status.Code.FAILED_PRECONDITION, false, message, null);
  }

  static BackupFailedException unavailable(String message, @Nullable Throwable cause) {
    return new BackupFailedException(Status.Code.UNAVAILABLE, true, message, cause);
  }

  static BackupFailedException notFound(String message) {
    return new BackupFailedException(Status.Code.NOT_FOUND, false, message, null);
  }

  static BackupFailedException invalid(String message) {
    return new BackupFailedException(Status.Code.INVALID_ARGUMENT, false, message, null);
  }

  static BackupFailedException notLeading() {
    return new BackupFailedException(
        Status.Code.UNAVAILABLE,
        false,
        "this node does not lead, or only just began; try again soon",
        null);
  }

  static BackupFailedException busy() {
    return new BackupFailedException(
        Status.Code.RESOURCE_EXHAUSTED,
        false,
        "too much is done about backups on this node; nothing was changed",
        null);
  }

  static BackupFailedException rejected(Rejection rejection) {
    Status.Code code =
        switch (rejection.getRule()) {
          case RULE_BACKUP_NOT_FOUND -> Status.Code.NOT_FOUND;
          case RULE_TOO_MANY_BACKUPS -> Status.Code.RESOURCE_EXHAUSTED;
          case RULE_INVALID -> Status.Code.INVALID_ARGUMENT;
          case RULE_TERM_ENDED -> Status.Code.UNAVAILABLE;
          default -> Status.Code.FAILED_PRECONDITION;
        };
    String field = rejection.getField().isEmpty() ? "" : rejection.getField() + ": ";
    return new BackupFailedException(code, false, field + rejection.getMessage(), null);
  }

  /** Whatever it is, in words for a caller. */
  static BackupFailedException of(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    if (failure instanceof BackupFailedException known) {
      return known;
    }
    if (failure instanceof ClusterUnavailableException unavailable) {
      return new BackupFailedException(
          Status.Code.UNAVAILABLE, unavailable.outcomeUnknown(), message, failure);
    }
    if (failure instanceof RegistryBusyException) {
      return new BackupFailedException(Status.Code.UNAVAILABLE, false, message, failure);
    }
    if (failure instanceof BlobStoreUnavailableException) {
      return new BackupFailedException(Status.Code.UNAVAILABLE, false, message, failure);
    }
    if (failure instanceof BadBackupException) {
      return new BackupFailedException(Status.Code.DATA_LOSS, false, message, failure);
    }
    if (failure instanceof NoSuchFileException) {
      return new BackupFailedException(
          Status.Code.DATA_LOSS, false, "there is no file " + message, failure);
    }
    boolean plain = failure.getClass() == IOException.class;
    return new BackupFailedException(
        Status.Code.INTERNAL, false, plain ? message : failure.toString(), failure);
  }

  /** Whether what it was about is unknown to the cluster. */
  boolean isNotFound() {
    return code == Status.Code.NOT_FOUND;
  }

  StatusRuntimeException toStatus() {
    Metadata trailers = new Metadata();
    trailers.put(OUTCOME, outcomeUnknown ? "unknown" : "unchanged");
    return code.toStatus()
        .withDescription(getMessage())
        .withCause(this)
        .asRuntimeException(trailers);
  }
}
