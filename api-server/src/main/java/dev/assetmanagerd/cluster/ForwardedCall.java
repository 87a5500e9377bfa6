package dev.assetmanagerd.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.ClientCall;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * One unary call on its way through this node: the caller's side is the listener, the other side a
 * call to another node. The answer, its headers and trailers, and errors with their details come
 * back as that node gave them.
 */
final class ForwardedCall<Q, S> extends ServerCall.Listener<Q> {
  /** Tells clients whether a call that failed may have changed anything. */
  static final Metadata.Key<String> OUTCOME =
      Metadata.Key.of("assetmanager-outcome", Metadata.ASCII_STRING_MARSHALLER);

  static final String UNCHANGED = "unchanged";
  private static final String UNKNOWN = "unknown";

  private static final String OUR_PREFIX = "assetmanager-";
  private static final String IDEMPOTENCY_KEY = "idempotency-key";
  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private final ServerCall<Q, S> caller;
  private final String nodeId;
  private final NodeLinks links;
  private final Metadata headers;
  private final Deadline deadline;
  private final SentTracer tracer = new SentTracer();

  @GuardedBy("this")
  private @Nullable Q request;

  @GuardedBy("this")
  private @Nullable ClientCall<Q, S> onward;

  @GuardedBy("this")
  private boolean ended;

  /**
   * @param nodeId where to
   * @param headers of the request, as they go there
   */
  ForwardedCall(
      ServerCall<Q, S> caller,
      String nodeId,
      NodeLinks links,
      Metadata headers,
      Deadline deadline) {
    this.caller = caller;
    this.nodeId = nodeId;
    this.links = links;
    this.headers = headers;
    this.deadline = deadline;
  }

  /** Of a call's metadata what belongs to this service, not to its transport. */
  static Metadata ours(Metadata all) {
    Metadata kept = new Metadata();
    for (String name : all.keys()) {
      if (name.startsWith(OUR_PREFIX) || name.equals(IDEMPOTENCY_KEY)) {
        copy(all, kept, name);
      }
    }
    return kept;
  }

  private static void copy(Metadata from, Metadata to, String name) {
    if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
      return; // we have none
    }
    Metadata.Key<String> key = Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    Iterable<String> values = from.getAll(key);
    if (values != null) {
      values.forEach(value -> to.put(key, value));
    }
  }

  @Override
  public synchronized void onMessage(Q message) {
    if (request != null) {
      end(Status.INTERNAL.withDescription("more than one request in a call"), new Metadata());
    }
    request = message;
  }

  @Override
  public synchronized void onHalfClose() {
    Q message = request;
    if (ended) {
      return;
    }
    if (message == null) {
      end(Status.INTERNAL.withDescription("no request in a call"), new Metadata());
      return;
    }
    ClientCall<Q, S> call = links.newCall(nodeId, caller.getMethodDescriptor(), deadline, tracer);
    onward = call;
    call.start(new Answer(), headers);
    call.request(2);
    call.sendMessage(message);
    call.halfClose();
  }

  @Override
  public void onCancel() {
    ClientCall<Q, S> call;
    synchronized (this) {
      ended = true;
      call = onward;
    }
    if (call != null) {
      call.cancel("the caller gave up", null);
    }
  }

  private synchronized void end(Status status, Metadata trailers) {
    if (!ended) {
      ended = true;
      caller.close(status, trailers);
    }
  }

  private synchronized void answerHeaders(Metadata received) {
    if (!ended) {
      caller.sendHeaders(ours(received));
    }
  }

  private synchronized void answer(S message) {
    if (!ended) {
      caller.sendMessage(message);
    }
  }

  /** What comes back, on network threads. */
  private final class Answer extends ClientCall.Listener<S> {
    @Override
    public void onHeaders(Metadata received) {
      answerHeaders(received);
    }

    @Override
    public void onMessage(S message) {
      answer(message);
    }

    @Override
    public void onClose(Status status, Metadata received) {
      Metadata trailers = ours(received);
      byte[] details = received.get(DETAILS);
      if (details != null) {
        trailers.put(DETAILS, details);
      }
      boolean said = details != null || trailers.containsKey(OUTCOME);
      end(said ? status : unsaid(status, trailers), trailers);
    }

    /** The other node may not have been asked at all, or be gone with the call half done. */
    private Status unsaid(Status status, Metadata trailers) {
      return switch (status.getCode()) {
        // Our caller did not cancel, or nothing were left to be told: the node stopped.
        case UNAVAILABLE, CANCELLED -> noAnswer(Status.UNAVAILABLE, status, trailers);
        case DEADLINE_EXCEEDED -> noAnswer(Status.DEADLINE_EXCEEDED, status, trailers);
        default -> status;
      };
    }

    private Status noAnswer(Status kind, Status status, Metadata trailers) {
      trailers.put(OUTCOME, tracer.sent() ? UNKNOWN : UNCHANGED);
      return kind.withDescription(
          "the leader, node %s, did not answer: %s; %s"
              .formatted(
                  nodeId,
                  status.getDescription(),
                  tracer.sent()
                      ? "the outcome is unknown: it may yet have been done"
                      : "nothing was changed"));
    }
  }
}
