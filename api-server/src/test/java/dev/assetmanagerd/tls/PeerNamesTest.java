package dev.assetmanagerd.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.cert.X509Certificate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whose certificate is a node's. */
class PeerNamesTest {
  private static final X509Certificate CERTIFICATE = certificate();

  private static X509Certificate certificate() {
    try {
      return new TestAuthority("one")
          .issue(
              certificate ->
                  certificate
                      .subject("CN=subject.nodes")
                      .addSanDnsName("n1.nodes.example")
                      .addSanIpAddress("10.0.0.1")
                      .addSanIpAddress("fd00::1")
                      .addSanUriName(java.net.URI.create("spiffe://example/node/n1")))
          .getCertificate();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "n1.nodes.example, true",
    "N1.Nodes.Example, true",
    "*.nodes.example, true",
    "*.n1.nodes.example, false",
    "nodes.example, false",
    "*.example, false",
    "subject.nodes, false",
    "10.0.0.1, true",
    "10.0.0.2, false",
    "fd00::1, true",
    "fd00:0:0:0:0:0:0:1, true",
    "fd00::2, false",
    "spiffe://example/node/n1, true",
    "spiffe://example/node/*, true",
    "spiffe://example/*, true",
    "spiffe://example/node/n, false",
    "spiffe://example/node/n1/*, false",
    "spiffe://other/*, false"
  })
  void aNameIsComparedWithTheAlternativeNamesOfItsKind(String name, boolean matches) {
    assertThat(new PeerNames(List.of(name)).match(CERTIFICATE)).isEqualTo(matches);
    assertThat(new PeerNames(List.of("other", name)).match(CERTIFICATE)).isEqualTo(matches);
  }

  @Test
  void withoutNamesThereAreNoNodes() {
    PeerNames none = new PeerNames(List.of());
    assertThat(none.match(CERTIFICATE)).isFalse();
    assertThatThrownBy(() -> none.require(CERTIFICATE))
        .hasMessage(
            "the certificate of CN=subject.nodes has none of the names of nodes: none is configured");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "n*.example",
        "a..b",
        "-a",
        "a b",
        "*.*.example",
        "spiffe://",
        "x://a/*/b",
        "."
      })
  void otherTextsAreNoNames(String text) {
    assertThat(PeerNames.isName(text)).isFalse();
  }
}
