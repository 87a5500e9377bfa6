package dev.assetmanagerd.storage.http;

import dev.assetmanagerd.storage.blob.InvalidLocationException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An address that may be asked, in its one spelling: lower-case scheme and host, no port that goes
 * without saying, a path, upper-case percent-encodings.
 *
 * @param uri in that spelling
 */
record HttpLocation(URI uri) {
  private static final int MAX_CHARS = 1024;

  /** Redirects go to signed addresses, which are long. */
  private static final int MAX_REDIRECT_CHARS = 8192;

  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;
  private static final int MAX_PORT = 65535;

  private static final Pattern SECRETS = Pattern.compile("(?<=//)[^/?#]*@|\\?.*");
  private static final Pattern NUMERIC = Pattern.compile("(.*\\.)?(0x[0-9a-f]*|[0-9]+)");
  private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
  private static final Pattern ENCODED = Pattern.compile("%[0-9A-Fa-f]{2}");
  private static final Pattern ENCODED_CONTROL = Pattern.compile("%([01][0-9A-F]|7F)");

  /** Parameters of addresses that somebody signed: they expire, and they are secrets. */
  private static final Set<String> SIGNATURES =
      Set.of(
          "x-amz-signature",
          "x-amz-security-token",
          "x-goog-signature",
          "awsaccesskeyid",
          "signature",
          "sig",
          "token",
          "access_token");

  /**
   * @param location as a caller gave it
   */
  static HttpLocation parse(String location, HostList hosts, boolean allowPlain)
      throws InvalidLocationException {
    HttpLocation parsed = parse(location, hosts, allowPlain, MAX_CHARS);
    parsed.checkUnsigned(location);
    return parsed;
  }

  /**
   * Where an answer refers to.
   *
   * @param target as the answer has it, which may be relative
   */
  HttpLocation redirected(String target, HostList hosts, boolean allowPlain)
      throws InvalidLocationException {
    URI resolved;
    try {
      resolved = uri.resolve(new URI(target));
    } catch (URISyntaxException e) {
      throw invalid(shown(), "redirects to what is no URL");
    }
    try {
      // A server may send a client to a part of a page; for bytes, that has no meaning.
      String whole = resolved.toString();
      int fragment = whole.indexOf('#');
      return parse(
          fragment < 0 ? whole : whole.substring(0, fragment),
          hosts,
          allowPlain && !isTls(),
          MAX_REDIRECT_CHARS);
    } catch (InvalidLocationException e) {
      throw invalid(shown(), "redirects to where it must not: " + e.getMessage());
    }
  }

  boolean isTls() {
    return "https".equals(uri.getScheme());
  }

  /** Without brackets. */
  String host() {
    String host = uri.getHost();
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  int port() {
    return uri.getPort() >= 0 ? uri.getPort() : ownPort(isTls());
  }

  /** For messages: without what may be secret. */
  String shown() {
    return shown(uri.toString());
  }

  @Override
  public String toString() {
    return uri.toString();
  }

  /** The address in its one spelling; of IPv4 inside IPv6 there is none. */
  static String canonicalIpv6(String bracketed) {
    try {
      InetAddress address = InetAddress.getByName(bracketed);
      if (address.getAddress().length == 16) {
        return "[" + address.getHostAddress() + "]";
      }
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("\"" + bracketed + "\" is no IPv6 address", e);
    }
    throw new IllegalArgumentException("\"" + bracketed + "\" is an IPv4 address inside IPv6");
  }

  private static HttpLocation parse(
      String location, HostList hosts, boolean allowPlain, int maxChars)
      throws InvalidLocationException {
    if (location.length() > maxChars) {
      throw invalid(location, "is longer than " + maxChars + " characters");
    }
    if (!location.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '\\')) {
      throw invalid(location, "has a character that a URL cannot have as it is");
    }
    URI uri = uri(location);
    boolean tls = isTls(location, uri, allowPlain);
    if (uri.getRawAuthority() != null && uri.getRawAuthority().indexOf('@') >= 0) {
      throw invalid(location, "has credentials in it");
    }
    if (uri.isOpaque() || uri.getHost() == null) {
      throw invalid(location, "has no host");
    }
    if (uri.getRawFragment() != null) {
      throw invalid(location, "has a fragment");
    }
    String host = host(location, uri.getHost().toLowerCase(Locale.ROOT));
    int port = uri.getPort() < 0 ? ownPort(tls) : uri.getPort();
    if (port == 0 || port > MAX_PORT) {
      throw invalid(location, "has a port that is not from 1 to " + MAX_PORT);
    }
    boolean ownPort = port == ownPort(tls);
    if (!hosts.allows(host, port, ownPort)) {
      throw invalid(
          location,
          "is at host " + host + (ownPort ? "" : ":" + port) + ", which is no allowed source");
    }
    String query = uri.getRawQuery();
    return new HttpLocation(
        uri(
            (tls ? "https://" : "http://")
                + host
                + (ownPort ? "" : ":" + port)
                + path(location, uri.getRawPath())
                + (query == null ? "" : "?" + query)));
  }

  private static URI uri(String location) throws InvalidLocationException {
    try {
      return new URI(location);
    } catch (URISyntaxException e) {
      throw invalid(location, "is no URL");
    }
  }

  private static boolean isTls(String location, URI uri, boolean allowPlain)
      throws InvalidLocationException {
    String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    return switch (scheme) {
      case "https" -> true;
      case "http" -> {
        if (!allowPlain) {
          throw invalid(location, "is not encrypted; https is required");
        }
        yield false;
      }
      default -> throw invalid(location, "is no https URL");
    };
  }

  private static String host(String location, String host) throws InvalidLocationException {
    if (host.startsWith("[")) {
      if (host.indexOf('%') >= 0) {
        throw invalid(location, "has an address with a zone");
      }
      try {
        return canonicalIpv6(host);
      } catch (IllegalArgumentException e) {
        throw invalid(location, "has a host that is no plain IPv6 address");
      }
    }
    if (host.endsWith(".")) {
      throw invalid(location, "has a host that ends in a dot");
    }
    if (NUMERIC.matcher(host).matches() && !IPV4.matcher(host).matches()) {
      // C libraries read these as addresses, each in its own way.
      throw invalid(location, "has a number for a host that is no plain IPv4 address");
    }
    return host;
  }

  private static String path(String location, String path) throws InvalidLocationException {
    Matcher matcher = ENCODED.matcher(path.isEmpty() ? "/" : path);
    String spelled = matcher.replaceAll(found -> found.group().toUpperCase(Locale.ROOT));
    if (ENCODED_CONTROL.matcher(spelled).find()) {
      throw invalid(location, "has an encoded control character");
    }
    for (String segment : spelled.substring(1).split("/", -1)) {
      String plain = segment.replace("%2E", ".");
      if (plain.equals(".") || plain.equals("..")) {
        throw invalid(location, "has a . or .. path segment");
      }
    }
    return spelled;
  }

  private void checkUnsigned(String location) throws InvalidLocationException {
    String query = uri.getRawQuery();
    if (query == null) {
      return;
    }
    for (String parameter : query.split("&", -1)) {
      String name = parameter.split("=", 2)[0].toLowerCase(Locale.ROOT);
      if (SIGNATURES.contains(name)) {
        throw invalid(
            location,
            "has the parameter " + name + ": a signed URL expires, and is a secret to be kept");
      }
    }
  }

  private static int ownPort(boolean tls) {
    return tls ? HTTPS_PORT : HTTP_PORT;
  }

  private static InvalidLocationException invalid(String location, String rule) {
    return new InvalidLocationException(shown(location), rule);
  }

  private static String shown(String location) {
    return SECRETS.matcher(location).replaceAll("");
  }
}
