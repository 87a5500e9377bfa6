package dev.assetmanagerd.storage.http;

import java.time.Duration;
import java.util.List;

/**
 * What an HTTP source may do and how long it waits.
 *
 * @param hosts that may be asked: {@code name}, or {@code *.name} for everything below a name; with
 *     {@code :port} for another port than the scheme's own, with {@code :*} for any; none: no
 *     address is allowed
 * @param allowPrivate whether hosts may be in private networks and on this host itself; link-local
 *     addresses, where clouds keep their credentials, are never allowed
 * @param allowPlain whether {@code http} is allowed, too
 * @param connectTimeout to get a connection, TLS included
 * @param answerTimeout from the request to the head of the answer, redirects included
 * @param idleTimeout how long an answer may pause
 * @param maxConnections at the same time
 */
public record HttpSourceOptions(
    List<String> hosts,
    boolean allowPrivate,
    boolean allowPlain,
    Duration connectTimeout,
    Duration answerTimeout,
    Duration idleTimeout,
    int maxConnections) {
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final int CONNECTIONS = 64;

  /**
   * @throws IllegalArgumentException when an entry of {@code hosts} is malformed
   */
  public HttpSourceOptions {
    hosts = List.copyOf(hosts);
    var unused = HostList.parse(hosts);
  }

  /** With the usual times: 10 s to connect, 30 s to answer, pauses of 30 s. */
  public static HttpSourceOptions of(List<String> hosts, boolean allowPrivate, boolean allowPlain) {
    return new HttpSourceOptions(hosts, allowPrivate, allowPlain, CONNECT, WAIT, WAIT, CONNECTIONS);
  }
}
