package dev.assetmanagerd.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** What other nodes, set up like this one, would say of this node's certificate. */
final class OwnCertificate {
  private OwnCertificate() {}

  /** Why they would refuse it, if they would. */
  static Optional<String> objection(TlsIdentity identity, PeerNames names) {
    try {
      X509Certificate[] chain = identity.chain().toArray(X509Certificate[]::new);
      X509TrustManager others = trusting(identity);
      others.checkServerTrusted(chain, "UNKNOWN");
      others.checkClientTrusted(chain, "UNKNOWN");
      if (!names.isEmpty()) {
        names.require(identity.certificate());
      }
      return Optional.empty();
    } catch (CertificateException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("certificates that could be read cannot be used", e);
    }
  }

  private static X509TrustManager trusting(TlsIdentity identity)
      throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (X509Certificate authority : identity.authorities()) {
      store.setCertificateEntry(Integer.toString(store.size()), authority);
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager found) {
        return found;
      }
    }
    throw new IllegalStateException("this Java runtime cannot verify certificates");
  }
}
