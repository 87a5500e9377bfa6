package dev.assetmanagerd.cli;

import com.google.common.base.Splitter;
import com.google.common.net.HostAndPort;
import java.util.List;

/** Where a node's API is. */
record Endpoint(String host, int port) {
  static final int DEFAULT_PORT = 8083;
  static final Endpoint DEFAULT = new Endpoint("127.0.0.1", DEFAULT_PORT);

  /**
   * One or several, separated by commas; without a port it is {@value #DEFAULT_PORT}.
   *
   * @throws IllegalArgumentException when it is none
   */
  static List<Endpoint> parseList(String text) {
    return Splitter.on(',')
        .trimResults()
        .omitEmptyStrings()
        .splitToStream(text)
        .map(Endpoint::parse)
        .toList();
  }

  private static Endpoint parse(String text) {
    HostAndPort parsed;
    try {
      parsed = HostAndPort.fromString(text).withDefaultPort(DEFAULT_PORT);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("\"" + text + "\" is not HOST:PORT", e);
    }
    if (parsed.getHost().isEmpty() || parsed.getHost().contains("/") || parsed.getPort() == 0) {
      throw new IllegalArgumentException("\"" + text + "\" is not HOST:PORT");
    }
    return new Endpoint(parsed.getHost(), parsed.getPort());
  }

  @Override
  public String toString() {
    return HostAndPort.fromParts(host, port).toString();
  }
}
