package dev.assetmanagerd.connect;

import com.linecorp.armeria.common.HttpResponse;
import io.grpc.Metadata;
import io.grpc.Status;

/**
 * Writes the response of one call.
 *
 * <p>Thread-safe: a deadline may end the response on the event loop while the handler writes to it;
 * what comes after the end is dropped.
 */
sealed interface ResponseWriter permits ConnectUnaryWriter, StreamWriter {

  /** What is handed to the HTTP server; always the same object. */
  HttpResponse response();

  /** Sends the headers, or keeps them until it is known what else goes with them. */
  void headers(Metadata headers);

  void message(Envelope message);

  /** Ends the response. Only the first call counts. */
  void close(Status status, Metadata trailers);

  /** Whether another message would be sent soon instead of waiting in memory. */
  boolean isReady();

  /** Sets what to run, on any thread, when the writer has become ready again. */
  void onReady(Runnable listener);
}
