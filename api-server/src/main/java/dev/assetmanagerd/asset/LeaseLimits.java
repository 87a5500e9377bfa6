package dev.assetmanagerd.asset;

import java.time.Duration;
import java.util.Optional;

/**
 * How long leases and sessions live. Immutable.
 *
 * @param defaultTtl of a lease whose caller named none, in whole seconds; zero: it does not expire
 * @param maxTtl longest life of a lease, and of a session with its grace, in whole seconds; zero:
 *     any, and leases that do not expire as well
 * @param sessionTtl of a session whose host named none
 * @param sessionGrace how long the leases of such a session outlive it
 */
public record LeaseLimits(
    Duration defaultTtl, Duration maxTtl, Duration sessionTtl, Duration sessionGrace) {
  private static final String MAX_TTL = "UNKEY_ASSETMANAGERD_LEASE_MAX_TTL";

  /** Leases live until they are released, unless their caller says otherwise. */
  public static LeaseLimits defaults() {
    return new LeaseLimits(
        Duration.ZERO, Duration.ZERO, Duration.ofSeconds(30), Duration.ofSeconds(60));
  }

  /**
   * The life of a new lease of its own, in seconds; 0: it does not expire.
   *
   * @param requested seconds; 0: the default
   */
  long ttlSeconds(String field, long requested) {
    long seconds = Fields.seconds(field, requested);
    if (seconds == 0) {
      seconds = defaultTtl.toSeconds();
    }
    if (seconds == 0 && !maxTtl.isZero()) {
      throw ApiErrors.invalid(
          field,
          "is 0, which would never expire; must be from 1 to " + maxTtl.toSeconds() + limit());
    }
    return bounded(field, seconds);
  }

  /** A lease that lives as long as its session has no life of its own. */
  static void noTtlInSession(String field, long requested) {
    if (requested != 0) {
      throw ApiErrors.invalid(
          field, "is " + requested + "; must be 0, for a lease of a session lives as long as that");
    }
  }

  /**
   * The new life of leases, in seconds; 0: of each its own.
   *
   * @param requested seconds; 0: of each its own
   */
  long renewalSeconds(String field, long requested) {
    return bounded(field, Fields.seconds(field, requested));
  }

  /** Refuses a lease that was taken elsewhere to live for ever, where none may. */
  void checkEndless(String field) {
    if (!maxTtl.isZero()) {
      throw ApiErrors.invalid(
          field,
          "is not set, so the lease would never expire; leases live for at most "
              + maxTtl.toSeconds()
              + limit());
    }
  }

  /** As many seconds, but no more than a lease may have. */
  long atMostAllowed(long seconds) {
    return Math.min(seconds, maxTtl.isZero() ? Fields.MAX_SECONDS : maxTtl.toSeconds());
  }

  private long bounded(String field, long seconds) {
    if (!maxTtl.isZero() && seconds > maxTtl.toSeconds()) {
      throw ApiErrors.invalid(
          field, "is " + seconds + "; must be at most " + maxTtl.toSeconds() + limit());
    }
    return seconds;
  }

  private static String limit() {
    return " (" + MAX_TTL + " in seconds)";
  }

  /**
   * The times of a new session.
   *
   * @param ttlSeconds 0: the default
   * @param graceSeconds empty: the default
   */
  SessionTimes session(long ttlSeconds, Optional<Long> graceSeconds) {
    Fields.seconds("ttl_seconds", ttlSeconds);
    graceSeconds.ifPresent(seconds -> Fields.seconds("grace_seconds", seconds));
    Duration ttl = ttlSeconds == 0 ? sessionTtl : Duration.ofSeconds(ttlSeconds);
    Duration grace = graceSeconds.map(Duration::ofSeconds).orElse(sessionGrace);
    if (!maxTtl.isZero() && ttl.plus(grace).compareTo(maxTtl) > 0) {
      throw ApiErrors.invalid(
          "ttl_seconds",
          "is "
              + ttl.toSeconds()
              + " and grace_seconds "
              + grace.toSeconds()
              + "; together they must be at most "
              + maxTtl.toSeconds()
              + limit());
    }
    return new SessionTimes(ttl.toMillis(), grace.toMillis());
  }

  /**
   * How long a session lives.
   *
   * @param ttlMillis without being kept
   * @param graceMillis that its leases outlive it
   */
  record SessionTimes(long ttlMillis, long graceMillis) {}
}
