package dev.assetmanagerd.connect;

import com.google.protobuf.Message;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call, between the connection and its handler.
 *
 * <p>The handler's listener runs on the sequential executor, one callback at a time, and so does
 * the decoding of messages. The end of a call may come from anywhere: the handler closes it, its
 * deadline passes, the request is malformed, the caller goes away. Whoever is first decides the
 * outcome, and the listener hears of it once.
 */
final class RpcServerCall extends ServerCall<Message, Message> implements RequestReader.Sink {
  private static final Logger logger = LoggerFactory.getLogger(RpcServerCall.class);

  private final CallParts parts;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicBoolean ended = new AtomicBoolean();
  private volatile boolean cancelled;
  private volatile boolean compressMessages = true;
  private volatile @Nullable Listener<Message> listener;
  private volatile @Nullable RequestReader reader;
  private int messagesSent;

  RpcServerCall(CallParts parts) {
    this.parts = parts;
  }

  /** Hands the call to its handler. The reader is the one that feeds this call. */
  void start(Metadata headers, RequestReader reader) {
    this.reader = reader;
    parts.context().addListener(this::contextCancelled, Runnable::run);
    parts.writer().onReady(() -> callListener(Listener::onReady));
    CompletableFuture<Void> unused =
        parts
            .writer()
            .response()
            .whenComplete()
            .whenComplete((done, cause) -> responseEnded(cause));
    execute(
        () -> {
          if (!cancelled) {
            listener = parts.method().definition().getServerCallHandler().startCall(this, headers);
          }
        });
    callListener(Listener::onReady);
  }

  private void contextCancelled(Context context) {
    Status why = Contexts.statusFromCancelled(context);
    fail(
        why.getCode() == Status.Code.DEADLINE_EXCEEDED
            ? Status.DEADLINE_EXCEEDED.withDescription("the deadline of the call has passed")
            : why);
  }

  // The request, on the event loop.

  @Override
  public void message(Envelope envelope, Runnable taken) {
    execute(
        () -> {
          try {
            Listener<Message> target = listener;
            if (target != null && !cancelled) {
              take(envelope, target);
            }
          } finally {
            taken.run();
          }
        },
        taken);
  }

  private void take(Envelope envelope, Listener<Message> target) throws StatusException {
    if (!envelope.isCompressed()) {
      target.onMessage(decode(envelope.payload()));
      return;
    }
    Compression encoding = parts.requestEncoding();
    if (encoding == Compression.IDENTITY) {
      throw Status.INTERNAL
          .withDescription("protocol error: compressed message, but no encoding was named")
          .asException();
    }
    int most = encoding.mostBytes(envelope.payload().length, parts.maxMessageBytes());
    parts.budget().take(most);
    try {
      target.onMessage(decode(encoding.decompress(envelope.payload(), parts.maxMessageBytes())));
    } finally {
      parts.budget().giveBack(most);
    }
  }

  private Message decode(byte[] bytes) throws StatusException {
    return parts.codec().decode(parts.method().requestPrototype(), bytes);
  }

  @Override
  public void halfClosed() {
    callListener(Listener::onHalfClose);
  }

  @Override
  public void failed(Status status) {
    fail(status);
  }

  // The handler's side.

  @Override
  public void request(int numMessages) {
    RequestReader source = reader;
    if (source != null) {
      source.request(numMessages);
    }
  }

  @Override
  public void sendHeaders(Metadata headers) {
    parts.writer().headers(headers);
  }

  @Override
  public void sendMessage(Message message) {
    if (closed.get()) {
      return;
    }
    messagesSent++;
    try {
      byte[] bytes = parts.codec().encode(message);
      Compression encoding = compressMessages ? parts.responseEncoding() : Compression.IDENTITY;
      parts.writer().message(encoding.pack(bytes));
    } catch (StatusException unprintable) {
      fail(unprintable.getStatus());
    }
  }

  @Override
  public void close(Status status, Metadata trailers) {
    Status outcome = status;
    if (status.isOk() && !parts.method().responseStreaming() && messagesSent != 1) {
      outcome =
          Status.INTERNAL.withDescription("the handler sent " + messagesSent + " messages, not 1");
    }
    if (closed.compareAndSet(false, true)) {
      write(outcome, trailers);
    }
  }

  @Override
  public boolean isReady() {
    return parts.writer().isReady();
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void setMessageCompression(boolean enabled) {
    compressMessages = enabled;
  }

  @Override
  public MethodDescriptor<Message, Message> getMethodDescriptor() {
    return parts.method().definition().getMethodDescriptor();
  }

  @Override
  public Attributes getAttributes() {
    return parts.attributes();
  }

  @Override
  public @Nullable String getAuthority() {
    return parts.authority();
  }

  @Override
  public SecurityLevel getSecurityLevel() {
    return parts.attributes().get(io.grpc.Grpc.TRANSPORT_ATTR_SSL_SESSION) == null
        ? SecurityLevel.NONE
        : SecurityLevel.PRIVACY_AND_INTEGRITY;
  }

  // The end.

  /** Ends the call from outside its handler, unless it has ended. Any thread. */
  void fail(Status status) {
    fail(status, new Metadata());
  }

  private void fail(Status status, Metadata trailers) {
    if (closed.compareAndSet(false, true)) {
      // Before the response is written: when it has been, the handler would hear of a success.
      tellListener(status.asRuntimeException());
      write(status, trailers);
    }
  }

  private void write(Status status, Metadata trailers) {
    try {
      parts.writer().close(status, trailers);
    } catch (RuntimeException unwritable) {
      logger.error("{}: the response cannot be written", name(), unwritable);
      parts.writer().response().abort(unwritable);
    }
    stopReading();
  }

  private void responseEnded(@Nullable Throwable cause) {
    closed.set(true);
    stopReading();
    tellListener(cause);
  }

  private void stopReading() {
    RequestReader source = reader;
    if (source != null) {
      source.cancel();
    }
  }

  /** Tells the handler once how the call ended: by itself (null), or before its time. */
  private void tellListener(@Nullable Throwable cancelledBy) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    cancelled = cancelledBy != null;
    if (cancelled) {
      // At once and not behind the handler's callbacks: one of them may be waiting for just this.
      parts.context().cancel(cancelledBy);
    }
    execute(
        () -> {
          Listener<Message> target = listener;
          if (target != null && cancelled) {
            target.onCancel();
          } else if (target != null) {
            target.onComplete();
          }
          parts.context().cancel(null);
        });
  }

  private interface ListenerCall {
    void on(Listener<Message> listener) throws StatusException;
  }

  private void callListener(ListenerCall call) {
    execute(
        () -> {
          Listener<Message> target = listener;
          if (target != null && !cancelled) {
            call.on(target);
          }
        });
  }

  private interface Task {
    void run() throws StatusException;
  }

  private void execute(Task task) {
    execute(task, () -> {});
  }

  private void execute(Task task, Runnable ifRejected) {
    try {
      parts.executor().execute(() -> run(task));
    } catch (RejectedExecutionException stopping) {
      ifRejected.run();
      fail(Status.UNAVAILABLE.withDescription("the server is stopping"));
    }
  }

  // Whatever a handler throws must become an answer, or its caller waits for ever.
  private void run(Task task) {
    Context previous = parts.context().attach();
    try {
      task.run();
    } catch (Throwable thrown) {
      handlerFailed(thrown);
    } finally {
      parts.context().detach(previous);
    }
  }

  private void handlerFailed(Throwable thrown) {
    Metadata trailers = Status.trailersFromThrowable(thrown);
    Status status = Status.fromThrowable(thrown);
    if (status.getCause() == thrown) { // no status was thrown, this one was made up

      if (!closed.get()) {
        logger.error("{} failed", name(), thrown);
      }
      status = Status.INTERNAL.withDescription("the server failed; its log says why");
    }
    fail(status, trailers == null ? new Metadata() : trailers);
  }

  private String name() {
    return getMethodDescriptor().getFullMethodName();
  }
}
