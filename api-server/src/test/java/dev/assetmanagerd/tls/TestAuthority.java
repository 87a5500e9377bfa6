package dev.assetmanagerd.tls;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.UnaryOperator;

/** A certificate authority of a test's own. */
public final class TestAuthority {
  /** A certificate that is valid now, for a node on this host that is called {@code n1.nodes}. */
  public static final UnaryOperator<CertificateBuilder> NODE =
      certificate ->
          certificate
              .subject("CN=n1")
              .addSanDnsName("n1.nodes")
              .addSanDnsName("localhost")
              .addSanIpAddress("127.0.0.1");

  private final X509Bundle bundle;

  /** With a key of its own, whatever others are called. */
  public TestAuthority(String name) throws Exception {
    bundle =
        certificate()
            .subject("CN=" + name)
            .setIsCertificateAuthority(true)
            .ecp256()
            .buildSelfSigned();
  }

  /** Issues a certificate with a new key, valid from yesterday until tomorrow if not changed. */
  public X509Bundle issue(UnaryOperator<CertificateBuilder> change) throws Exception {
    return change.apply(certificate().ecp256()).buildIssuedBy(bundle);
  }

  private static CertificateBuilder certificate() {
    return new CertificateBuilder()
        .notBefore(Instant.now().minus(1, ChronoUnit.DAYS))
        .notAfter(Instant.now().plus(1, ChronoUnit.DAYS));
  }

  /** What this is known by. */
  public String pem() {
    return bundle.getCertificatePEM();
  }

  /** Its own key and certificate, as an identity that trusts it alone. */
  public TlsIdentity identity(X509Bundle certificate) {
    return new TlsIdentity(
        certificate.getKeyPair().getPrivate(),
        certificate.getCertificatePathList(),
        java.util.List.of(bundle.getCertificate()));
  }

  /** Writes {@code cert.pem}, {@code key.pem} and {@code ca.pem}, each whole at once. */
  public TlsFiles write(Path directory, X509Bundle certificate) throws IOException {
    Files.createDirectories(directory);
    replace(directory.resolve("ca.pem"), pem());
    replace(directory.resolve("cert.pem"), certificate.getCertificatePathPEM());
    replace(directory.resolve("key.pem"), certificate.getPrivateKeyPEM());
    return files(directory);
  }

  /** Those three files. */
  public static TlsFiles files(Path directory) {
    return new TlsFiles(
        new TlsFiles.Source("CERT", directory.resolve("cert.pem")),
        new TlsFiles.Source("KEY", directory.resolve("key.pem")),
        new TlsFiles.Source("CA", directory.resolve("ca.pem")));
  }

  /** Replaces a file by one that nobody else may read. */
  public static void replace(Path file, String content) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.deleteIfExists(next);
    Files.createFile(
        next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(next, content);
    Files.move(next, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
  }
}
