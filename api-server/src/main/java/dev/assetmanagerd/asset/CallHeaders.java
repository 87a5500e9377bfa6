package dev.assetmanagerd.asset;

import dev.assetmanagerd.asset.CallScope.Freshness;
import io.grpc.Metadata;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The request headers that the services know, checked.
 *
 * @param freshness how fresh a read must be
 * @param minIndex a log index that reads have to contain as well
 * @param expectedChecksum announced for an upload, 64 lower-case hexadecimal digits; empty when
 *     none was
 * @param idempotencyKey under which the change is made at most once
 * @param sessionId the session that new leases are to live with
 * @param leaseTtl the caller wants to keep the leases of the call for this long; zero as in a
 *     request's {@code ttl_seconds}
 * @param prepare about the files of a Prepare
 */
record CallHeaders(
    Freshness freshness,
    OptionalLong minIndex,
    String expectedChecksum,
    Optional<String> idempotencyKey,
    Optional<String> sessionId,
    Optional<Duration> leaseTtl,
    PrepareHeaders prepare) {
  /** In: a log index that a read must contain. Out: the log index of a write. */
  static final Metadata.Key<String> INDEX = header("assetmanager-index");

  /** {@code linearizable} or {@code stale; max-age=5s}. */
  static final Metadata.Key<String> CONSISTENCY = header("assetmanager-consistency");

  /** SHA-256 that the bytes of an upload must have. */
  static final Metadata.Key<String> CHECKSUM = header("assetmanager-checksum");

  /** Chosen by the client; the same on all tries of one change. */
  static final Metadata.Key<String> IDEMPOTENCY_KEY = header("idempotency-key");

  /** Id of the session that new leases live with. */
  static final Metadata.Key<String> SESSION = header("assetmanager-session");

  /** Such as {@code 24h}: keep the leases of a Prepare. */
  static final Metadata.Key<String> LEASE_TTL = header("assetmanager-lease-ttl");

  /** Out: {@code true} when the answer is that of an earlier call with the same key. */
  static final Metadata.Key<String> REPLAYED = header("assetmanager-replayed");

  /** Out: the leases that were kept, {@code asset1=lease1, asset2=lease2}. */
  static final Metadata.Key<String> LEASES = header("assetmanager-leases");

  static final String SESSION_NAME = "header Assetmanager-Session";
  static final String LEASE_TTL_NAME = "header Assetmanager-Lease-Ttl";

  /** Longest key, in characters. */
  static final int MAX_KEY_CHARS = 128;

  private static final Pattern STALE = Pattern.compile("stale\\s*;\\s*max-age\\s*=\\s*(\\S+)");
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");
  private static final Pattern INDEX_SYNTAX = Pattern.compile("\\d{1,18}");
  private static final Pattern KEY_SYNTAX = Pattern.compile("[!-~]{1," + MAX_KEY_CHARS + "}");

  private static Metadata.Key<String> header(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  /** What holds for a call without any of these headers. */
  static CallHeaders none() {
    return of(new Metadata());
  }

  /** Throws {@code INVALID_ARGUMENT} where a header is malformed. */
  static CallHeaders of(Metadata headers) {
    OptionalLong minIndex = minIndex(headers.get(INDEX));
    CallHeaders read =
        new CallHeaders(
            freshness(headers.get(CONSISTENCY), minIndex.isPresent()),
            minIndex,
            checksum(headers.get(CHECKSUM)),
            Optional.ofNullable(headers.get(IDEMPOTENCY_KEY)).map(CallHeaders::key),
            Optional.ofNullable(headers.get(SESSION)).map(id -> Fields.id(SESSION_NAME, id.trim())),
            Optional.ofNullable(headers.get(LEASE_TTL)).map(CallHeaders::ttl),
            PrepareHeaders.of(headers));
    if (read.sessionId().isPresent() && read.leaseTtl().isPresent()) {
      throw ApiErrors.invalid(
          LEASE_TTL_NAME,
          "must not be given together with Assetmanager-Session: leases of a session live as long"
              + " as the session");
    }
    return read;
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

  private static String key(String value) {
    String key = value.trim();
    if (!KEY_SYNTAX.matcher(key).matches()) {
      throw ApiErrors.invalid(
          "header Idempotency-Key",
          value,
          "must be 1 to " + MAX_KEY_CHARS + " visible ASCII characters");
    }
    return key;
  }

  private static Duration ttl(String value) {
    Duration ttl =
        duration(value.trim())
            .filter(duration -> duration.toMillis() % 1000 == 0)
            .orElseThrow(
                () ->
                    ApiErrors.invalid(
                        LEASE_TTL_NAME,
                        value,
                        "must be whole seconds, such as \"90s\" or \"24h\" (units ms, s, m, h)"));
    Fields.seconds(LEASE_TTL_NAME, ttl.toSeconds());
    return ttl;
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
    Optional<Duration> maxAge = stale.matches() ? duration(stale.group(1)) : Optional.empty();
    return new Freshness.Stale(
        maxAge.orElseThrow(
            () ->
                ApiErrors.invalid(
                    "header Assetmanager-Consistency",
                    value,
                    "must be \"linearizable\" or \"stale; max-age=5s\" (units ms, s, m, h)")));
  }

  private static Optional<Duration> duration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long count = Long.parseLong(matcher.group(1));
    return Optional.of(
        switch (matcher.group(2)) {
          case "ms" -> Duration.ofMillis(count);
          case "s" -> Duration.ofSeconds(count);
          case "m" -> Duration.ofMinutes(count);
          default -> Duration.ofHours(count);
        });
  }
}
