package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * What went wrong, in the words of {@link dev.assetmanagerd.storage.blob}. Answers of the server
 * are told by status and code alone: their text may quote what was signed.
 */
final class S3Errors {
  private static final int MAX_REASON_CHARS = 300;
  private static final int HTTP_TOO_MANY_REQUESTS = 429;
  private static final int HTTP_SERVER_ERROR = 500;

  private final String store;

  S3Errors(String store) {
    this.store = store;
  }

  /**
   * @param what was done, and to which object
   * @param failure as the SDK or a future gave it
   */
  IOException map(String what, Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof AwsServiceException answer) {
      return map(what, answer);
    }
    if (cause instanceof SdkException || cause instanceof TimeoutException) {
      return new BlobStoreUnavailableException(store, what + ": " + reason(cause), cause);
    }
    return new BlobStoreUnavailableException(store, what + ": " + cause, cause);
  }

  BlobStoreUnavailableException noBucket(Throwable cause) {
    return new BlobStoreUnavailableException(store, "there is no such bucket", cause);
  }

  static boolean isStatus(Throwable failure, int status) {
    return failure instanceof AwsServiceException answer && answer.statusCode() == status;
  }

  /** Whether nothing in a failure, as {@link #map} made it, is a lasting answer. */
  static boolean isSilence(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof AwsServiceException answer) {
        return isPassing(answer);
      }
    }
    return failure instanceof BlobStoreUnavailableException;
  }

  private static boolean isPassing(AwsServiceException answer) {
    return answer.statusCode() == HTTP_TOO_MANY_REQUESTS
        || answer.statusCode() >= HTTP_SERVER_ERROR;
  }

  static String code(AwsServiceException answer) {
    AwsErrorDetails details = answer.awsErrorDetails();
    String code = details == null ? null : details.errorCode();
    return code == null ? "" : code;
  }

  private IOException map(String what, AwsServiceException answer) {
    String code = code(answer);
    String told = what + ": HTTP " + answer.statusCode() + (code.isEmpty() ? "" : " " + code);
    if (code.equals("NoSuchBucket")) {
      return noBucket(answer);
    }
    return switch (answer.statusCode()) {
      case 404 -> {
        NoSuchFileException absent = new NoSuchFileException(what);
        absent.initCause(answer);
        yield absent;
      }
      case 401, 403 ->
          new BlobStoreUnavailableException(
              store, told + " (are key, secret, region and the bucket's policy right?)", answer);
      case 301, 307 ->
          new BlobStoreUnavailableException(store, told + " (is the region right?)", answer);
      default ->
          isPassing(answer)
              ? new BlobStoreUnavailableException(store, told, answer)
              : new IOException(store + ": " + told, answer);
    };
  }

  private static String reason(Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    return message.length() > MAX_REASON_CHARS
        ? message.substring(0, MAX_REASON_CHARS) + "…"
        : message;
  }
}
