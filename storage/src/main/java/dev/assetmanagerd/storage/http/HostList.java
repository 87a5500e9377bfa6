package dev.assetmanagerd.storage.http;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Hosts, with their ports, that may be asked. */
final class HostList {
  private static final Pattern ENTRY =
      Pattern.compile(
          "(?<below>\\*\\.)?"
              + "(?<host>[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
              + "|\\[[0-9a-f:.]+])"
              + "(:(?<port>\\*|[1-9][0-9]{0,4}))?");
  private static final String ANY = "*";
  private static final int MAX_PORT = 65535;

  /**
   * @param below whether names under the host are meant, and not it
   * @param port "*" for any, empty for the scheme's own
   */
  private record Entry(String host, boolean below, String port) {
    boolean allows(String asked, int askedPort, boolean isOwnPort) {
      boolean hostFits = below ? asked.endsWith("." + host) : asked.equals(host);
      boolean portFits =
          port.isEmpty() ? isOwnPort : port.equals(ANY) || port.equals(String.valueOf(askedPort));
      return hostFits && portFits;
    }
  }

  private final List<Entry> entries;

  private HostList(List<Entry> entries) {
    this.entries = entries;
  }

  /**
   * @throws IllegalArgumentException naming the first entry that is malformed
   */
  static HostList parse(List<String> hosts) {
    return new HostList(hosts.stream().map(HostList::entry).toList());
  }

  /**
   * @param host in lower case
   * @param isOwnPort whether the port is the one that goes without saying
   */
  boolean allows(String host, int port, boolean isOwnPort) {
    return entries.stream().anyMatch(entry -> entry.allows(host, port, isOwnPort));
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  private static Entry entry(String text) {
    Matcher matcher = ENTRY.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no host: write NAME or *.NAME, and :PORT or :* behind it if needed");
    }
    String port = matcher.group("port") == null ? "" : matcher.group("port");
    if (!port.isEmpty() && !port.equals(ANY) && Integer.parseInt(port) > MAX_PORT) {
      throw new IllegalArgumentException("\"" + text + "\" has a port above " + MAX_PORT);
    }
    boolean below = matcher.group("below") != null;
    String host = matcher.group("host");
    return host.startsWith("[")
        ? new Entry(HttpLocation.canonicalIpv6(host), below, port)
        : new Entry(host, below, port);
  }
}
