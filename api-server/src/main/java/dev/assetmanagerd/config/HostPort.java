package dev.assetmanagerd.config;

/**
 * Where something listens.
 *
 * @param host a name or an IP address; IPv6 without brackets
 * @param port from 1 to 65535
 */
public record HostPort(String host, int port) {
  /**
   * Parses {@code host:port} or {@code [v6]:port}.
   *
   * @throws IllegalArgumentException when it is neither
   */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    OptionTypes.require(colon > 0);
    String host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else {
      OptionTypes.require(host.indexOf(':') < 0);
    }
    return new HostPort(
        OptionTypes.HOST.parse(host), OptionTypes.PORT.parse(text.substring(colon + 1)));
  }

  @Override
  public String toString() {
    return host.indexOf(':') < 0 ? host + ":" + port : "[" + host + "]:" + port;
  }
}
