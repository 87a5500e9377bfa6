package dev.assetmanagerd.clustertests;

import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContext;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

/** Certificates of the nodes of a cluster in files, each node with files of its own. */
final class TlsFiles implements Encryption {
  private final Path directory;
  private final TlsClient client;
  private final SslContext grpc;
  private final TestAuthority first;

  /**
   * @param directory of the files, one below it for each node
   * @param first has issued what the nodes begin with
   * @param client whom the clients of the harness are
   */
  TlsFiles(Path directory, TestAuthority first, TlsClient client) {
    this.directory = directory;
    this.first = first;
    this.client = client;
    this.grpc = client.forGrpc();
  }

  /** Replaces certificate and key, one after the other. */
  void issue(String nodeId, X509Bundle certificate) {
    write(nodeId, "cert.pem", certificate.getCertificatePathPEM());
    write(nodeId, "key.pem", certificate.getPrivateKeyPEM());
  }

  /** Replaces the authorities. */
  void trust(String nodeId, TestAuthority... authorities) {
    write(
        nodeId,
        "ca.pem",
        Arrays.stream(authorities).map(TestAuthority::pem).collect(Collectors.joining()));
  }

  /** Replaces one file whole. */
  void write(String nodeId, String name, String content) {
    try {
      Path file = Files.createDirectories(directory.resolve(nodeId)).resolve(name);
      Path next = file.resolveSibling(name + ".next");
      Files.createFile(
          next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(next, content);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String scheme() {
    return "https";
  }

  @Override
  public Map<String, String> settings(String nodeId) {
    Path own = directory.resolve(nodeId);
    if (!Files.exists(own)) {
      issue(nodeId, first.node(nodeId));
      trust(nodeId, first);
    }
    return Map.of(
        "TLS_MODE", "file",
        "TLS_CERT_FILE", own.resolve("cert.pem").toString(),
        "TLS_KEY_FILE", own.resolve("key.pem").toString(),
        "TLS_CA_FILE", own.resolve("ca.pem").toString(),
        "TLS_PEER_NAMES", "*.nodes.test");
  }

  @Override
  public NettyChannelBuilder secure(NettyChannelBuilder channel) {
    return channel.sslContext(grpc);
  }

  @Override
  public HttpClient.Builder secure(HttpClient.Builder http) {
    return http.sslContext(client.context());
  }
}
