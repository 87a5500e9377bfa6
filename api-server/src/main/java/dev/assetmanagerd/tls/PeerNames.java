package dev.assetmanagerd.tls;

import com.google.common.net.InetAddresses;
import java.net.InetAddress;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Tells nodes from other clients of the same authority, by the names in their certificates.
 *
 * <p>A name is a DNS name, whose first label may be {@code *}; an IP address; or a URI, which may
 * end in {@code /*} for all below it. It is compared with the certificate's alternative names, not
 * with its subject. Where no name is given, nobody is a node. Immutable.
 */
public final class PeerNames {
  private static final int DNS = 2;
  private static final int URI = 6;
  private static final int IP = 7;
  private static final Pattern SYNTAX =
      Pattern.compile(
          "[a-z][a-z0-9+.-]*://[^\\s,*]+(/\\*)?"
              + "|(\\*\\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
              + "(\\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*");

  private final List<String> names;

  /**
   * @throws IllegalArgumentException when one {@linkplain #isName is none}
   */
  public PeerNames(List<String> names) {
    if (!names.stream().allMatch(PeerNames::isName)) {
      throw new IllegalArgumentException("no names: " + names);
    }
    this.names = List.copyOf(names);
  }

  /** Whether a text is a name in the sense of this class. */
  public static boolean isName(String text) {
    return InetAddresses.isInetAddress(text) || SYNTAX.matcher(text).matches();
  }

  /** Whether there is no name, and so no node. */
  boolean isEmpty() {
    return names.isEmpty();
  }

  /** Whether a certificate has one of the names. */
  public boolean match(X509Certificate certificate) {
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      return alternatives != null
          && alternatives.stream()
              .anyMatch(
                  entry ->
                      entry.get(1) instanceof String value
                          && names.stream()
                              .anyMatch(name -> matches(name, (Integer) entry.get(0), value)));
    } catch (CertificateParsingException e) {
      return false;
    }
  }

  /**
   * Fails unless a certificate has one of the names.
   *
   * @throws CertificateException saying whose certificate it is
   */
  void require(X509Certificate certificate) throws CertificateException {
    if (!match(certificate)) {
      throw new CertificateException(
          "the certificate of %s has none of the names of nodes: %s"
              .formatted(certificate.getSubjectX500Principal().getName(), this));
    }
  }

  private static boolean matches(String name, int kind, String value) {
    return switch (kind) {
      case DNS -> !name.contains(":") && matchesDns(name, value);
      case URI -> matchesUri(name, value);
      case IP -> InetAddresses.isInetAddress(name) && address(name).equals(address(value));
      default -> false;
    };
  }

  private static InetAddress address(String text) {
    return InetAddresses.forString(text);
  }

  private static boolean matchesDns(String name, String value) {
    String wanted = name.toLowerCase(Locale.ROOT);
    String present = value.toLowerCase(Locale.ROOT);
    if (!wanted.startsWith("*.")) {
      return wanted.equals(present);
    }
    int dot = present.indexOf('.');
    return dot > 0 && present.substring(dot).equals(wanted.substring(1));
  }

  private static boolean matchesUri(String name, String value) {
    if (!name.endsWith("/*")) {
      return name.equals(value);
    }
    String directory = name.substring(0, name.length() - 1);
    return value.startsWith(directory) && value.length() > directory.length();
  }

  @Override
  public String toString() {
    return names.isEmpty() ? "none is configured" : String.join(", ", names);
  }
}
