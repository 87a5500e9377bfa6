package dev.assetmanagerd.tls;

import com.google.common.hash.HashCode;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An identity in three PEM files. Immutable.
 *
 * @param certificate own certificate, and those between it and the authority where there are any
 * @param key its private key, RSA or EC, as PKCS #8 or in OpenSSL's older forms, not encrypted
 * @param authorities whom to trust
 */
public record TlsFiles(Source certificate, Source key, Source authorities) {
  /** Far more than certificates have. */
  private static final int MAX_BYTES = 1 << 20;

  private static final Set<PosixFilePermission> FOR_OTHERS =
      Set.of(
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE,
          PosixFilePermission.OTHERS_EXECUTE);

  /**
   * One of the files.
   *
   * @param option that named it, for messages
   */
  public record Source(String option, Path path) {
    @Override
    public String toString() {
      return option + " (" + path + ")";
    }
  }

  /** What the files hold, not looked into yet. */
  static final class Content {
    private final byte[] certificate;
    private final byte[] key;
    private final byte[] authorities;

    private Content(byte[] certificate, byte[] key, byte[] authorities) {
      this.certificate = certificate;
      this.key = key;
      this.authorities = authorities;
    }

    /** Tells contents apart without showing them. */
    HashCode fingerprint() {
      return Hashing.sha256()
          .newHasher()
          .putInt(certificate.length)
          .putBytes(certificate)
          .putInt(key.length)
          .putBytes(key)
          .putBytes(authorities)
          .hash();
    }

    @Override
    public String toString() {
      return "contents " + fingerprint();
    }
  }

  /**
   * Reads the identity.
   *
   * @throws TlsFileException when a file cannot be read or does not hold what it should, when the
   *     key is open to others or not that of the certificate, or when that is not valid now
   */
  public TlsIdentity read(Clock clock) throws TlsFileException {
    return identity(content(), clock);
  }

  Content content() throws TlsFileException {
    requirePrivate();
    return new Content(bytes(certificate), bytes(key), bytes(authorities));
  }

  TlsIdentity identity(Content content, Clock clock) throws TlsFileException {
    TlsIdentity identity =
        new TlsIdentity(
            privateKey(content.key),
            certificates(certificate, content.certificate),
            certificates(authorities, content.authorities));
    requireOneAnother(identity);
    requireValid(identity, clock);
    return identity;
  }

  private void requirePrivate() throws TlsFileException {
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(key.path());
      if (permissions.stream().anyMatch(FOR_OTHERS::contains)) {
        throw new TlsFileException(
            key + " is open to every user of this host; it needs a mode such as 0600 or 0640");
      }
    } catch (IOException e) {
      throw unreadable(key, e);
    }
  }

  private static byte[] bytes(Source file) throws TlsFileException {
    try (InputStream in = Files.newInputStream(file.path())) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new TlsFileException(file + " has more than " + MAX_BYTES + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static TlsFileException unreadable(Source file, IOException cause) {
    return new TlsFileException(file + " cannot be read: " + cause, cause);
  }

  /** What goes wrong here is not passed on: it might quote the file. */
  private PrivateKey privateKey(byte[] content) throws TlsFileException {
    Optional<PrivateKey> parsed;
    try {
      parsed = Pem.key(content);
    } catch (Pem.EncryptedException e) {
      throw new TlsFileException(
          key + " is encrypted; a key without a passphrase is needed, kept by its file's mode");
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      parsed = Optional.empty();
    }
    return parsed.orElseThrow(
        () -> new TlsFileException(key + " holds no private key in PEM, RSA or EC"));
  }

  private static List<X509Certificate> certificates(Source file, byte[] content)
      throws TlsFileException {
    List<X509Certificate> certificates;
    try {
      certificates = Pem.certificates(content);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      throw new TlsFileException(file + " holds a certificate that cannot be read", e);
    }
    if (certificates.isEmpty()) {
      throw new TlsFileException(file + " holds no certificate in PEM");
    }
    return certificates;
  }

  /** Signs something with the key and verifies that with the certificate. */
  private void requireOneAnother(TlsIdentity identity) throws TlsFileException {
    boolean rsa = identity.key().getAlgorithm().equals("RSA");
    boolean same;
    try {
      Signature signature = Signature.getInstance(rsa ? "SHA256withRSA" : "SHA256withECDSA");
      byte[] text = identity.certificate().getEncoded();
      signature.initSign(identity.key());
      signature.update(text);
      byte[] signed = signature.sign();
      signature.initVerify(identity.certificate().getPublicKey());
      signature.update(text);
      same = signature.verify(signed);
    } catch (GeneralSecurityException e) {
      same = false; // of another kind
    }
    if (!same) {
      throw new TlsFileException(key + " is not the key of the certificate in " + certificate);
    }
  }

  private void requireValid(TlsIdentity identity, Clock clock) throws TlsFileException {
    Instant now = clock.instant();
    for (X509Certificate one : identity.chain()) {
      String name = one.getSubjectX500Principal().getName();
      if (now.isAfter(one.getNotAfter().toInstant())) {
        throw new TlsFileException(
            "%s: the certificate of %s has expired, at %s"
                .formatted(certificate, name, one.getNotAfter().toInstant()));
      }
      if (now.isBefore(one.getNotBefore().toInstant())) {
        throw new TlsFileException(
            "%s: the certificate of %s is not valid before %s"
                .formatted(certificate, name, one.getNotBefore().toInstant()));
      }
    }
  }
}
