package dev.assetmanagerd.storage.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.function.Function;
import org.apache.hc.client5.http.DnsResolver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Resolves names and refuses addresses in the same step. The client connects to nothing but what
 * comes out of here, so there is no second look-up that could answer otherwise.
 */
final class CheckedResolver implements DnsResolver {
  private static final Logger log = LoggerFactory.getLogger(CheckedResolver.class);

  /** Looks names up. */
  @FunctionalInterface
  interface Names {
    InetAddress[] resolve(String host) throws UnknownHostException;
  }

  /** A host has an address that must not be connected to. */
  static final class ForbiddenAddressException extends UnknownHostException {
    private static final long serialVersionUID = 1L;

    ForbiddenAddressException(String message) {
      super(message);
    }
  }

  private final Names names;
  private final Function<InetAddress, Optional<String>> objection;

  /**
   * @param objection why an address must not be connected to; empty when it may
   */
  CheckedResolver(Names names, Function<InetAddress, Optional<String>> objection) {
    this.names = names;
    this.objection = objection;
  }

  /** One bad address spoils the host, for nobody says which of them would be taken. */
  @Override
  public InetAddress[] resolve(String host) throws UnknownHostException {
    InetAddress[] addresses = names.resolve(host);
    for (InetAddress address : addresses) {
      Optional<String> reason = objection.apply(address);
      if (reason.isPresent()) {
        log.warn("Refused to connect to {}: {} is {}", host, address, reason.get());
        throw new ForbiddenAddressException("leads to " + reason.get());
      }
    }
    return addresses;
  }

  @Override
  public String resolveCanonicalHostname(String host) {
    return host;
  }
}
