package dev.assetmanagerd.asset;

import com.google.protobuf.Message;
import dev.assetmanagerd.log.v1.Command;
import io.grpc.Context;
import io.grpc.Metadata;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the headers and the connection of one call say beyond its message, and what goes into the
 * headers of its response. Thread-safe.
 */
final class CallScope {
  /** How fresh a read must be. */
  sealed interface Freshness {
    /** Sees every write acknowledged before the call. */
    record Linearizable() implements Freshness {}

    /** This node's own state, if it is not older than this. */
    record Stale(Duration maxAge) implements Freshness {}

    /** This node's own state; the caller named the log index it must contain. */
    record Local() implements Freshness {}
  }

  private static final Context.Key<CallScope> KEY = Context.key("assetmanagerd-call-scope");
  private static final long NO_INDEX = -1;

  private final CallHeaders headers;
  private final String method;
  private final @Nullable SocketAddress caller;
  private final AtomicLong writeIndex = new AtomicLong(NO_INDEX);
  private volatile @Nullable OnceKey onceKey;
  private volatile boolean replayed;
  private volatile Map<String, String> keptLeases = Map.of();

  /**
   * @param method of the call, its service in front, without the package: {@code Service/Method}
   * @param caller where the call comes from; null when the transport does not say
   */
  CallScope(CallHeaders headers, String method, @Nullable SocketAddress caller) {
    this.headers = headers;
    this.method = method;
    this.caller = caller;
  }

  /** The scope of what this node does of its own accord. */
  static CallScope ofThisNode() {
    return new CallScope(CallHeaders.none(), "", null);
  }

  /** The scope of the call that the current thread serves; must be asked on the call's thread. */
  static CallScope current() {
    CallScope scope = KEY.get();
    if (scope == null) {
      throw new IllegalStateException("the service was bound without its interceptor");
    }
    return scope;
  }

  Context attachTo(Context context) {
    return context.withValue(KEY, this);
  }

  Freshness freshness() {
    return headers.freshness();
  }

  /** A log index that reads have to contain as well. */
  OptionalLong minIndex() {
    return headers.minIndex();
  }

  /** Checksum announced for an upload, 64 lower-case hexadecimal digits; empty when none was. */
  String expectedChecksum() {
    return headers.expectedChecksum();
  }

  /** The session that new leases of this call are to live with. */
  Optional<String> sessionId() {
    return headers.sessionId();
  }

  /** For how long the caller wants to keep the leases of this call; zero: as long as it may. */
  Optional<Duration> leaseTtl() {
    return headers.leaseTtl();
  }

  /** What the call wants of the files that it has prepared. */
  PrepareHeaders prepare() {
    return headers.prepare();
  }

  /** Where the call comes from; null when the transport does not say. */
  @Nullable SocketAddress caller() {
    return caller;
  }

  /** The key under which the caller wants its change to be made at most once. */
  Optional<String> idempotencyKey() {
    return headers.idempotencyKey();
  }

  /**
   * Notes what the call asks for: a unary call's only message, or whatever tells a stream from
   * another one. To be called before {@link #keyed(Command.Builder)}.
   */
  void asksFor(Message... request) {
    headers.idempotencyKey().ifPresent(key -> onceKey = OnceKey.of(key, method, headers, request));
  }

  /** Gives the command the call's idempotency key, where it has one; returns the command. */
  Command.Builder keyed(Command.Builder command) {
    return keyed(command, "");
  }

  /**
   * The same for one of several commands of a call. A repeated call that makes the same commands
   * with the same numbers gets the same outcomes.
   *
   * @param number of the command within the call
   */
  Command.Builder keyed(Command.Builder command, int number) {
    return keyed(command, "/" + number);
  }

  private Command.Builder keyed(Command.Builder command, String suffix) {
    if (headers.idempotencyKey().isEmpty()) {
      return command;
    }
    OnceKey key = onceKey;
    if (key == null) {
      throw new IllegalStateException("a change with a key before it is known what is asked for");
    }
    return command.setIdempotency(key.withSuffix(suffix));
  }

  /** Notes the log index of a write of this call, for the response header. */
  void wrote(long index) {
    writeIndex.accumulateAndGet(index, Math::max);
  }

  OptionalLong writeIndex() {
    long index = writeIndex.get();
    return index == NO_INDEX ? OptionalLong.empty() : OptionalLong.of(index);
  }

  /** Notes that the answer is that of an earlier call with the same key. */
  void replayed() {
    replayed = true;
  }

  /**
   * Notes the leases that stay with the caller, for the response header.
   *
   * @param leases ids of assets to ids of leases, in the order to be told
   */
  void keeps(Map<String, String> leases) {
    keptLeases = leases;
  }

  /** Writes what there is to say into the headers of the response. */
  void addTo(Metadata response) {
    writeIndex().ifPresent(index -> response.put(CallHeaders.INDEX, Long.toString(index)));
    if (replayed) {
      response.put(CallHeaders.REPLAYED, "true");
    }
    if (!keptLeases.isEmpty()) {
      response.put(
          CallHeaders.LEASES,
          keptLeases.entrySet().stream()
              .map(lease -> lease.getKey() + "=" + lease.getValue())
              .collect(Collectors.joining(", ")));
    }
  }
}
