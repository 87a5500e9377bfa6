package dev.assetmanagerd.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.X509Bundle;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files as people have them, and files that are no identity. */
class TlsFilesTest {
  @TempDir Path directory;

  private TestAuthority authority;
  private X509Bundle issued;
  private TlsFiles files;

  @BeforeEach
  void write() throws Exception {
    authority = new TestAuthority("one");
    issued = authority.issue(TestAuthority.NODE);
    files = authority.write(directory, issued);
  }

  @Test
  void anIdentityIsReadAndDoesNotShowItsKey() throws Exception {
    TlsIdentity identity = read();

    assertThat(identity.certificate()).isEqualTo(issued.getCertificate());
    assertThat(identity.key()).isEqualTo(issued.getKeyPair().getPrivate());
    assertThat(identity.authorities()).hasSize(1);
    assertThat(identity.expiry()).isEqualTo(issued.getCertificate().getNotAfter().toInstant());
    assertThat(identity.toString()).contains("CN=n1").contains("CN=one").doesNotContain("Key");
    assertThat(files.content().toString()).doesNotContain("BEGIN");
  }

  @ParameterizedTest
  @ValueSource(strings = {"EC PRIVATE KEY", "RSA PRIVATE KEY", "PRIVATE KEY"})
  void keysOfAllFormsAreRead(String form) throws Exception {
    if (form.startsWith("RSA")) {
      issued = authority.issue(certificate -> TestAuthority.NODE.apply(certificate).rsa2048());
      authority.write(directory, issued);
    }
    byte[] pkcs8 = issued.getKeyPair().getPrivate().getEncoded();
    byte[] content =
        switch (form) {
          case "EC PRIVATE KEY" ->
              new ECPrivateKey(
                      256,
                      ((java.security.interfaces.ECPrivateKey) issued.getKeyPair().getPrivate())
                          .getS(),
                      SECObjectIdentifiers.secp256r1)
                  .getEncoded();
          case "RSA PRIVATE KEY" ->
              PrivateKeyInfo.getInstance(pkcs8).parsePrivateKey().toASN1Primitive().getEncoded();
          default -> pkcs8;
        };
    // As `openssl ecparam -genkey` writes them: the curve comes first.
    key(
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
            + pem(form, content));

    assertThat(read().certificate()).as("whose key it is").isEqualTo(issued.getCertificate());
  }

  @Test
  void certificateAndKeyMayBeInOneFileAndRemarksBetween() throws Exception {
    String all =
        "Certificate:\n    Data: ...\n" + issued.getPrivateKeyPEM() + issued.getCertificatePEM();
    TestAuthority.replace(directory.resolve("cert.pem"), all);
    key(all);

    assertThat(read().certificate()).isEqualTo(issued.getCertificate());
  }

  @Test
  void aKeyOfAnotherCertificateIsRefused() throws Exception {
    key(authority.issue(TestAuthority.NODE).getPrivateKeyPEM());
    refused("KEY (" + directory + "/key.pem) is not the key of the certificate in CERT");
    key(authority.issue(c -> TestAuthority.NODE.apply(c).rsa2048()).getPrivateKeyPEM());
    refused("is not the key of the certificate in CERT");
  }

  @Test
  void aCertificateOutOfItsTimeIsRefused() throws Exception {
    Instant now = Instant.now();
    authority.write(
        directory,
        authority.issue(
            certificate ->
                TestAuthority.NODE
                    .apply(certificate)
                    .notBefore(now.minus(Duration.ofDays(2)))
                    .notAfter(now.minusSeconds(5))));
    refused("CERT (" + directory + "/cert.pem): the certificate of CN=n1 has expired, at ");
    authority.write(
        directory,
        authority.issue(
            certificate ->
                TestAuthority.NODE.apply(certificate).notBefore(now.plus(Duration.ofHours(1)))));
    refused("the certificate of CN=n1 is not valid before ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r--r--", "rw-----w-", "rw------x"})
  void aKeyThatIsOpenToEverybodyIsRefused(String mode) throws Exception {
    Files.setPosixFilePermissions(
        directory.resolve("key.pem"), PosixFilePermissions.fromString(mode));
    refused("KEY (" + directory + "/key.pem) is open to every user of this host");
  }

  @Test
  void aKeyMayBeOpenToAGroup() throws Exception {
    Files.setPosixFilePermissions(
        directory.resolve("key.pem"), PosixFilePermissions.fromString("r--r-----"));
    assertThat(read().chain()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cert.pem", "key.pem", "ca.pem"})
  void aFileThatIsMissingEmptyOrSpoiltIsNamed(String name) throws Exception {
    Path file = directory.resolve(name);
    String good = Files.readString(file);
    TestAuthority.replace(file, "");
    refused("/" + name + ") holds no ");
    TestAuthority.replace(file, good.replaceFirst("\n.{20}", "\nAAAAAAAAAAAAAAAAAAAA"));
    refused("/" + name + ") holds ");
    TestAuthority.replace(file, "x".repeat((1 << 20) + 1));
    refused("/" + name + ") has more than 1048576 bytes");
    Files.delete(file);
    refused("/" + name + ") cannot be read: java.nio.file.NoSuchFileException");
  }

  @Test
  void anEncryptedKeyIsRefusedInBothForms() throws Exception {
    String base64 = "AAAA";
    key(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
            + base64
            + "\n-----END ENCRYPTED PRIVATE KEY-----");
    refused("is encrypted; a key without a passphrase is needed");
    key(
        "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
            + base64
            + "\n-----END EC PRIVATE KEY-----\n");
    refused("is encrypted; a key without a passphrase is needed");
  }

  private TlsIdentity read() throws TlsFileException {
    return files.read(Clock.systemUTC());
  }

  private void key(String content) throws Exception {
    TestAuthority.replace(directory.resolve("key.pem"), content);
  }

  /** And no part of the key is in what is said. */
  private void refused(String why) {
    String secret = issued.getPrivateKeyPEM().lines().skip(1).findFirst().orElseThrow();
    assertThatThrownBy(this::read)
        .isInstanceOf(TlsFileException.class)
        .hasMessageContaining(why)
        .satisfies(failure -> assertThat(failure.toString()).doesNotContain(secret));
  }

  private static String pem(String type, byte[] content) throws Exception {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      writer.writeObject(new PemObject(type, content));
    }
    return text.toString();
  }
}
