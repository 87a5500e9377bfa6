package dev.assetmanagerd.tls;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import javax.net.ssl.SSLException;

/** Connections of a client that lives shorter than its certificate. */
public final class ClientTls {
  private ClientTls() {}

  /**
   * Mutual TLS, with the servers' certificates held against the names they are called by.
   *
   * @throws IllegalArgumentException when the identity is of no use to the TLS there is
   */
  public static ChannelSecurity of(TlsIdentity identity) {
    try {
      SslContext context =
          GrpcSslContexts.forClient()
              .keyManager(identity.key(), identity.chain())
              .trustManager(identity.authorities())
              .build();
      return channel -> channel.sslContext(context);
    } catch (SSLException e) {
      throw new IllegalArgumentException("TLS cannot be set up: " + e.getMessage(), e);
    }
  }
}
