package dev.assetmanagerd.clustertests;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.function.UnaryOperator;

/** A certificate authority of a test's own. Thread-safe. */
final class TestAuthority {
  private static final Duration DAY = Duration.ofDays(1);

  private final X509Bundle bundle;

  TestAuthority(String name) {
    bundle =
        built(
            () -> valid().subject("CN=" + name).setIsCertificateAuthority(true).buildSelfSigned());
  }

  /** For a node on loopback. */
  X509Bundle node(String id) {
    return issue(
        certificate ->
            certificate
                .subject("CN=" + id)
                .addSanDnsName(id + ".nodes.test")
                .addSanIpAddress("127.0.0.1"));
  }

  /** For somebody who is no node. */
  X509Bundle client(String name) {
    return issue(certificate -> certificate.subject("CN=" + name).addSanDnsName(name));
  }

  X509Bundle issue(UnaryOperator<CertificateBuilder> change) {
    return built(() -> change.apply(valid()).buildIssuedBy(bundle));
  }

  X509Certificate certificate() {
    return bundle.getCertificate();
  }

  String pem() {
    return bundle.getCertificatePEM();
  }

  /** Valid from yesterday until tomorrow. */
  static CertificateBuilder valid() {
    Instant now = Instant.now();
    return new CertificateBuilder().ecp256().notBefore(now.minus(DAY)).notAfter(now.plus(DAY));
  }

  interface Built {
    X509Bundle build() throws Exception;
  }

  static X509Bundle built(Built builder) {
    try {
      return builder.build();
    } catch (Exception e) {
      throw new IllegalStateException("no certificate", e);
    }
  }
}
