package dev.assetmanagerd.tls;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * Who this program is, and whom it trusts, at one moment. Printing it shows no secret.
 *
 * @param key of the first certificate of the chain
 * @param chain own certificate first, then the authorities between it and a trusted one, if any
 * @param authorities whoever has a certificate of one of these is who that says; never empty
 */
public record TlsIdentity(
    PrivateKey key, List<X509Certificate> chain, List<X509Certificate> authorities) {
  /** Checks that there is a certificate, and an authority. */
  public TlsIdentity {
    chain = List.copyOf(chain);
    authorities = List.copyOf(authorities);
    if (chain.isEmpty() || authorities.isEmpty()) {
      throw new IllegalArgumentException("a certificate and an authority are needed");
    }
  }

  /** Its own certificate. */
  public X509Certificate certificate() {
    return chain.get(0);
  }

  /** When the first certificate of the chain ends. */
  public Instant expiry() {
    return chain.stream()
        .map(certificate -> certificate.getNotAfter().toInstant())
        .min(Instant::compareTo)
        .orElseThrow();
  }

  @Override
  public String toString() {
    return "%s, serial number %s, valid until %s, trusting %s"
        .formatted(
            certificate().getSubjectX500Principal().getName(),
            certificate().getSerialNumber().toString(16),
            expiry(),
            authorities.stream()
                .map(authority -> authority.getSubjectX500Principal().getName())
                .toList());
  }
}
