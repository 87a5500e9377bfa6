package dev.assetmanagerd.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.RSAPrivateKey;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;

/**
 * Certificates and keys as people keep them: several in a file, with remarks between them, keys in
 * PKCS #8 or in the older forms of OpenSSL. Java itself reads only the first form of keys.
 */
final class Pem {
  private Pem() {}

  /** A key that a passphrase is needed for. */
  static final class EncryptedException extends GeneralSecurityException {
    private static final long serialVersionUID = 1L;
  }

  /** All certificates that are there, in their order. */
  static List<X509Certificate> certificates(byte[] file)
      throws IOException, GeneralSecurityException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509Certificate> certificates = new ArrayList<>();
    for (PemObject block : blocks(file)) {
      if (block.getType().equals("CERTIFICATE")) {
        certificates.add(
            (X509Certificate)
                factory.generateCertificate(new ByteArrayInputStream(block.getContent())));
      }
    }
    return certificates;
  }

  /**
   * The first private key that is there, if any.
   *
   * @throws EncryptedException when it is encrypted
   * @throws GeneralSecurityException when it is neither RSA nor EC
   * @throws IOException when it cannot be read, as is any other exception at run time
   */
  static Optional<PrivateKey> key(byte[] file) throws IOException, GeneralSecurityException {
    for (PemObject block : blocks(file)) {
      byte[] content = block.getContent();
      if (block.getType().startsWith("ENCRYPTED") || !block.getHeaders().isEmpty()) {
        throw new EncryptedException();
      }
      Optional<PrivateKeyInfo> info = info(block.getType(), content);
      if (info.isPresent()) {
        return Optional.of(key(info.get()));
      }
    }
    return Optional.empty();
  }

  /** Empty for a certificate beside its key, or the parameters of a curve. */
  private static Optional<PrivateKeyInfo> info(String type, byte[] content) throws IOException {
    return switch (type) {
      case "PRIVATE KEY" -> Optional.of(PrivateKeyInfo.getInstance(content));
      case "RSA PRIVATE KEY" ->
          Optional.of(
              new PrivateKeyInfo(
                  new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
                  RSAPrivateKey.getInstance(content)));
      case "EC PRIVATE KEY" -> {
        ECPrivateKey key = ECPrivateKey.getInstance(content);
        yield Optional.of(
            new PrivateKeyInfo(
                new AlgorithmIdentifier(
                    X9ObjectIdentifiers.id_ecPublicKey, key.getParametersObject()),
                key));
      }
      default -> Optional.empty();
    };
  }

  private static PrivateKey key(PrivateKeyInfo info) throws IOException, GeneralSecurityException {
    ASN1ObjectIdentifier algorithm = info.getPrivateKeyAlgorithm().getAlgorithm();
    return KeyFactory.getInstance(name(algorithm))
        .generatePrivate(new PKCS8EncodedKeySpec(info.getEncoded()));
  }

  private static String name(ASN1ObjectIdentifier algorithm) throws InvalidKeySpecException {
    if (algorithm.equals(PKCSObjectIdentifiers.rsaEncryption)) {
      return "RSA";
    }
    if (algorithm.equals(X9ObjectIdentifiers.id_ecPublicKey)) {
      return "EC";
    }
    throw new InvalidKeySpecException("a key for neither RSA nor EC");
  }

  private static List<PemObject> blocks(byte[] file) throws IOException {
    List<PemObject> blocks = new ArrayList<>();
    try (PemReader reader =
        new PemReader(new StringReader(new String(file, StandardCharsets.ISO_8859_1)))) {
      for (PemObject block = reader.readPemObject();
          block != null;
          block = reader.readPemObject()) {
        blocks.add(block);
      }
    }
    return blocks;
  }
}
