package dev.assetmanagerd.server;

import com.google.common.net.InetAddresses;
import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.client.ClientTlsConfig;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServerTlsConfig;
import dev.assetmanagerd.cluster.NodesOnly;
import dev.assetmanagerd.config.ConfigText;
import dev.assetmanagerd.config.HostPort;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.raft.RaftTls;
import dev.assetmanagerd.tls.ChannelSecurity;
import dev.assetmanagerd.tls.FileTlsIdentity;
import dev.assetmanagerd.tls.NodeTls;
import dev.assetmanagerd.tls.PeerNames;
import dev.assetmanagerd.tls.TlsFileException;
import dev.assetmanagerd.tls.TlsFiles;
import dev.assetmanagerd.tls.TlsIdentity;
import dev.assetmanagerd.tls.TlsIdentitySource;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.netty.handler.ssl.ClientAuth;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a node secures its connections: all of them as {@code TLS_MODE} says, or it does not start.
 */
final class NodeSecurity implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NodeSecurity.class);

  private static final String NEWEST = "TLSv1.3";

  private final Optional<NodeTls> tls;
  private final PeerNames names;

  private NodeSecurity(Optional<NodeTls> tls, PeerNames names) {
    this.tls = tls;
    this.names = names;
  }

  /**
   * What the configuration says.
   *
   * @throws StartException naming the variable, when it cannot be had
   */
  static NodeSecurity open(NodeConfig config) throws StartException {
    PeerNames names = new PeerNames(config.security().peerNames());
    Optional<TlsIdentitySource> source = source(config.security());
    if (source.isEmpty()) {
      warnOfPlainText(config);
      return new NodeSecurity(Optional.empty(), names);
    }
    String oldest = "TLSv" + config.security().minVersion();
    List<String> protocols = Stream.of(NEWEST, oldest).distinct().toList();
    return new NodeSecurity(Optional.of(new NodeTls(source.get(), names, protocols)), names);
  }

  private static Optional<TlsIdentitySource> source(NodeConfig.Security security)
      throws StartException {
    return switch (security.mode()) {
      case DISABLED -> Optional.empty();
      case FILE -> Optional.of(files(security));
      case SPIFFE ->
          throw new StartException(
              ConfigText.variable("TLS_MODE") + " is spiffe, which this version cannot do");
    };
  }

  private static TlsIdentitySource files(NodeConfig.Security security) throws StartException {
    try {
      return FileTlsIdentity.open(
          new TlsFiles(
              file("TLS_CERT_FILE", security.certFile()),
              file("TLS_KEY_FILE", security.keyFile()),
              file("TLS_CA_FILE", security.caFile())),
          Clock.systemUTC());
    } catch (TlsFileException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  private static TlsFiles.Source file(String option, Optional<Path> path) {
    return new TlsFiles.Source(ConfigText.variable(option), path.orElseThrow());
  }

  private static void warnOfPlainText(NodeConfig config) {
    Stream.of(config.api().host(), config.cluster().raftAddress())
        .distinct()
        .filter(host -> !isLoopback(host))
        .forEach(
            host ->
                log.warn(
                    "{} is disabled: whoever reaches {} can read and change everything, unseen",
                    ConfigText.variable("TLS_MODE"),
                    host));
  }

  private static boolean isLoopback(String host) {
    return InetAddresses.isInetAddress(host)
        ? InetAddresses.forString(host).isLoopbackAddress()
        : host.equals("localhost");
  }

  /** A server for other nodes and for clients. */
  ServerBuilder server(HostPort address) {
    if (tls.isEmpty()) {
      return HttpServers.plain(address);
    }
    List<String> protocols = tls.get().protocols();
    return HttpServers.encrypted(address)
        .tlsProvider(
            tls.get().provider(),
            ServerTlsConfig.builder()
                .clientAuth(ClientAuth.REQUIRE)
                .tlsCustomizer(context -> context.protocols(protocols))
                .build())
        .decorator(
            (delegate, context, request) ->
                context.sessionProtocol().isTls()
                    ? delegate.serve(context, request)
                    : HttpResponse.of(
                        HttpStatus.BAD_REQUEST,
                        MediaType.PLAIN_TEXT_UTF_8,
                        "this port speaks TLS, with certificates on both sides; use https\n"));
  }

  /** Of a service that is for nodes alone. */
  ServerServiceDefinition forNodes(ServerServiceDefinition service) {
    return tls.isEmpty()
        ? service
        : ServerInterceptors.intercept(service, new NodesOnly(names::match));
  }

  /** Connections to the APIs of other nodes. */
  ChannelSecurity toNodes() {
    return tls.map(NodeTls::toNodes).orElse(ChannelSecurity.PLAIN);
  }

  /** Connections between members. */
  Optional<RaftTls> raft() {
    return tls.map(node -> new RaftTls(node.keys(), node.nodes(), node.protocols()));
  }

  /** Connections to other services, where their URLs say https. */
  ClientFactory toServices() {
    if (tls.isEmpty()) {
      return ClientFactory.builder().build();
    }
    List<String> protocols = tls.get().protocols();
    return ClientFactory.builder()
        .tlsProvider(
            tls.get().provider(),
            ClientTlsConfig.builder()
                .tlsCustomizer(context -> context.protocols(protocols))
                .build())
        .build();
  }

  /** Who this node is, now; empty where it cannot prove it. */
  Optional<TlsIdentity> identity() {
    return tls.map(NodeTls::identity);
  }

  @Override
  public void close() {
    tls.ifPresent(NodeTls::close);
  }
}
