package dev.assetmanagerd.tls;

import com.linecorp.armeria.common.TlsKeyPair;
import com.linecorp.armeria.common.TlsProvider;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.SslSocketAndEnginePeerVerifier;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the servers and clients of a node need to prove who they are and to know the others. It
 * follows a {@link TlsIdentitySource}: connections that are made use the identity of that moment,
 * and those that there are stay as they are.
 *
 * <p>Thread-safe.
 */
public final class NodeTls implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NodeTls.class);

  private final TlsIdentitySource source;
  private final PeerNames names;
  private final List<String> protocols;
  private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
  private final AdvancedTlsX509TrustManager nodes;
  private final ChannelSecurity toNodes;

  /**
   * @param source closed with this
   * @param names of the nodes
   * @param protocols those that may be spoken, such as {@code TLSv1.3}
   * @throws IllegalStateException when this Java runtime lacks what TLS needs
   */
  public NodeTls(TlsIdentitySource source, PeerNames names, List<String> protocols) {
    this.source = source;
    this.names = names;
    this.protocols = List.copyOf(protocols);
    try {
      this.nodes =
          AdvancedTlsX509TrustManager.newBuilder()
              .setVerification(
                  AdvancedTlsX509TrustManager.Verification.CERTIFICATE_AND_HOST_NAME_VERIFICATION)
              .setSslSocketAndEnginePeerVerifier(new OfNodes(names))
              .build();
      source.follow(this::take);
      SslContext context =
          GrpcSslContexts.forClient()
              .keyManager(keys)
              .trustManager(nodes)
              .protocols(protocols)
              .build();
      this.toNodes = channel -> channel.sslContext(context);
    } catch (GeneralSecurityException | SSLException e) {
      throw new IllegalStateException("TLS cannot be set up: " + e, e);
    }
  }

  private void take(TlsIdentity identity) {
    try {
      // Whom to trust comes first: who trusts too many for a moment refuses none of the new ones.
      nodes.updateTrustCredentials(identity.authorities().toArray(X509Certificate[]::new));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("authorities that could be read cannot be used", e);
    }
    keys.updateIdentityCredentials(
        identity.chain().toArray(X509Certificate[]::new), identity.key());
    OwnCertificate.objection(identity, names)
        .ifPresent(why -> log.warn("other nodes would refuse this node's certificate: {}", why));
  }

  /** Own keys, those of the moment. */
  public X509ExtendedKeyManager keys() {
    return keys;
  }

  /** Trusts nodes: they have a certificate with the name of one, and where called, of the host. */
  public X509ExtendedTrustManager nodes() {
    return nodes;
  }

  /** Connections to other nodes. */
  public ChannelSecurity toNodes() {
    return toNodes;
  }

  /** The protocols that may be spoken. */
  public List<String> protocols() {
    return protocols;
  }

  /** The identity as it is now. */
  public TlsIdentity identity() {
    return source.current();
  }

  /** For servers and clients of HTTP: whoever has a certificate of the authorities is trusted. */
  public TlsProvider provider() {
    return new TlsProvider() {
      @Override
      public TlsKeyPair keyPair(String hostname) {
        TlsIdentity identity = source.current();
        return TlsKeyPair.of(identity.key(), identity.chain());
      }

      @Override
      public List<X509Certificate> trustedCertificates(String hostname) {
        return source.current().authorities();
      }
    };
  }

  @Override
  public void close() {
    source.close();
  }

  private record OfNodes(PeerNames names) implements SslSocketAndEnginePeerVerifier {
    @Override
    public void verifyPeerCertificate(X509Certificate[] chain, String authType, Socket socket)
        throws CertificateException {
      names.require(chain[0]);
    }

    @Override
    public void verifyPeerCertificate(X509Certificate[] chain, String authType, SSLEngine engine)
        throws CertificateException {
      names.require(chain[0]);
    }
  }
}
