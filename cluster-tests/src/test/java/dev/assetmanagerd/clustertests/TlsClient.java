package dev.assetmanagerd.clustertests;

import io.grpc.netty.GrpcSslContexts;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.netty.handler.ssl.SslContext;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/**
 * A client that shows one certificate, or none, to whoever asks, and can be given another while its
 * connections live on. Thread-safe.
 */
final class TlsClient {
  private static final int TIMEOUT_MS = 10_000;

  /** The preface of HTTP/2 and an empty frame of settings, as every client of gRPC begins. */
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

  private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
  private final AdvancedTlsX509TrustManager trusted;
  private final SSLContext context;

  private TlsClient(boolean withKeys) {
    try {
      trusted =
          AdvancedTlsX509TrustManager.newBuilder()
              .setVerification(
                  AdvancedTlsX509TrustManager.Verification.CERTIFICATE_AND_HOST_NAME_VERIFICATION)
              .build();
      context = SSLContext.getInstance("TLSv1.3");
      context.init(
          withKeys ? new KeyManager[] {keys} : new KeyManager[0],
          new TrustManager[] {trusted},
          new SecureRandom());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** One that trusts these authorities. */
  static TlsClient with(X509Bundle certificate, TestAuthority... authorities) {
    TlsClient client = new TlsClient(true);
    client.trust(authorities);
    client.show(certificate);
    return client;
  }

  static TlsClient withoutCertificate(TestAuthority... authorities) {
    TlsClient client = new TlsClient(false);
    client.trust(authorities);
    return client;
  }

  void show(X509Bundle certificate) {
    keys.updateIdentityCredentials(
        certificate.getCertificatePath(), certificate.getKeyPair().getPrivate());
  }

  void trust(TestAuthority... authorities) {
    try {
      trusted.updateTrustCredentials(
          Arrays.stream(authorities)
              .map(TestAuthority::certificate)
              .toArray(X509Certificate[]::new));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  SSLContext context() {
    return context;
  }

  SslContext forGrpc() {
    try {
      return GrpcSslContexts.forClient().keyManager(keys).trustManager(trusted).build();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Connects to a port of this host as HTTP/2.
   *
   * @return what the server has shown, where it has said anything beyond the handshake, which is
   *     before it knows who the client is
   */
  Optional<X509Certificate> admittedTo(int port) {
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
      socket.setSoTimeout(TIMEOUT_MS);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      OutputStream out = socket.getOutputStream();
      out.write(PREFACE.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
      return socket.getInputStream().read() < 0
          ? Optional.empty()
          : Optional.of((X509Certificate) socket.getSession().getPeerCertificates()[0]);
    } catch (java.net.SocketTimeoutException e) {
      throw new AssertionError("neither admitted nor refused by port " + port, e);
    } catch (IOException refused) {
      return Optional.empty();
    }
  }
}
