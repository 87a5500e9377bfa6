package dev.assetmanagerd.raft;

import java.util.List;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * How members secure the connections between them: mutual TLS. Both managers are asked anew for
 * each connection, so what they answer may change.
 *
 * @param keys of this node, as a server and as a client
 * @param members trusts members, and nobody else; asked on both sides of a connection
 * @param protocols those that may be spoken, such as {@code TLSv1.3}
 */
public record RaftTls(
    X509ExtendedKeyManager keys, X509ExtendedTrustManager members, List<String> protocols) {
  public RaftTls {
    protocols = List.copyOf(protocols);
  }
}
