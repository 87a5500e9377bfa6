package dev.assetmanagerd.asset;

import dev.assetmanagerd.asset.CallScope.Freshness;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the request headers that the asset service knows into a {@link CallScope}, and writes the
 * log index of a write into the response headers. A header that is malformed ends the call.
 */
final class CallInterceptor implements ServerInterceptor {
  /** In: a log index that a read must contain. Out: the log index of a write. */
  static final Metadata.Key<String> INDEX = header("assetmanager-index");

  /** {@code linearizable} or {@code stale; max-age=5s}. */
  static final Metadata.Key<String> CONSISTENCY = header("assetmanager-consistency");

  /** SHA-256 that the bytes of an upload must have. */
  static final Metadata.Key<String> CHECKSUM = header("assetmanager-checksum");

  private static final Pattern STALE =
      Pattern.compile("stale\\s*;\\s*max-age\\s*=\\s*(\\d{1,9})(ms|s|m|h)");
  private static final Pattern INDEX_SYNTAX = Pattern.compile("\\d{1,18}");

  private static Metadata.Key<String> header(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  @Override
  public <Q, S> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
    CallScope scope;
    try {
      scope = scope(call, headers);
    } catch (StatusRuntimeException e) {
      Metadata trailers = e.getTrailers();
      call.close(e.getStatus(), trailers == null ? new Metadata() : trailers);
      return new ServerCall.Listener<>() {};
    }
    return Contexts.interceptCall(
        scope.attachTo(Context.current()), new IndexingCall<>(call, scope), headers, next);
  }

  private static CallScope scope(ServerCall<?, ?> call, Metadata headers) {
    OptionalLong minIndex = minIndex(headers.get(INDEX));
    return new CallScope(
        freshness(headers.get(CONSISTENCY), minIndex.isPresent()),
        minIndex,
        checksum(headers.get(CHECKSUM)),
        call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
  }

  private static String checksum(@Nullable String value) {
    return value == null ? "" : Fields.optionalChecksum("header Assetmanager-Checksum", value);
  }

  private static OptionalLong minIndex(@Nullable String value) {
    if (value == null) {
      return OptionalLong.empty();
    }
    String text = value.trim();
    if (!INDEX_SYNTAX.matcher(text).matches()) {
      throw ApiErrors.invalid(
          "header Assetmanager-Index", value, "must be a log index: digits only, at most 18");
    }
    return OptionalLong.of(Long.parseLong(text));
  }

  private static Freshness freshness(@Nullable String value, boolean withIndex) {
    if (value == null) {
      // Whoever names the index that the read must contain needs no word from the leader.
      return withIndex ? new Freshness.Local() : new Freshness.Linearizable();
    }
    String text = value.trim();
    if (text.equals("linearizable")) {
      return new Freshness.Linearizable();
    }
    Matcher stale = STALE.matcher(text);
    if (!stale.matches()) {
      throw ApiErrors.invalid(
          "header Assetmanager-Consistency",
          value,
          "must be \"linearizable\" or \"stale; max-age=5s\" (units ms, s, m, h)");
    }
    long count = Long.parseLong(stale.group(1));
    return new Freshness.Stale(
        switch (stale.group(2)) {
          case "ms" -> Duration.ofMillis(count);
          case "s" -> Duration.ofSeconds(count);
          case "m" -> Duration.ofMinutes(count);
          default -> Duration.ofHours(count);
        });
  }

  /** Adds the log index as soon as the response starts. */
  private static final class IndexingCall<Q, S> extends SimpleForwardingServerCall<Q, S> {
    private final CallScope scope;

    IndexingCall(ServerCall<Q, S> call, CallScope scope) {
      super(call);
      this.scope = scope;
    }

    @Override
    public void sendHeaders(Metadata headers) {
      scope.writeIndex().ifPresent(index -> headers.put(INDEX, Long.toString(index)));
      super.sendHeaders(headers);
    }
  }
}
