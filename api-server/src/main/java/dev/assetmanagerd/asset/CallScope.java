package dev.assetmanagerd.asset;

import io.grpc.Context;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
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

  private final Freshness freshness;
  private final OptionalLong minIndex;
  private final String expectedChecksum;
  private final @Nullable SocketAddress caller;
  private final AtomicLong writeIndex = new AtomicLong(NO_INDEX);

  CallScope(
      Freshness freshness,
      OptionalLong minIndex,
      String expectedChecksum,
      @Nullable SocketAddress caller) {
    this.freshness = freshness;
    this.minIndex = minIndex;
    this.expectedChecksum = expectedChecksum;
    this.caller = caller;
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
    return freshness;
  }

  /** A log index that reads have to contain as well. */
  OptionalLong minIndex() {
    return minIndex;
  }

  /** Checksum announced for an upload, 64 lower-case hexadecimal digits; empty when none was. */
  String expectedChecksum() {
    return expectedChecksum;
  }

  /** Where the call comes from; null when the transport does not say. */
  @Nullable SocketAddress caller() {
    return caller;
  }

  /** Notes the log index of a write of this call, for the response header. */
  void wrote(long index) {
    writeIndex.accumulateAndGet(index, Math::max);
  }

  OptionalLong writeIndex() {
    long index = writeIndex.get();
    return index == NO_INDEX ? OptionalLong.empty() : OptionalLong.of(index);
  }
}
