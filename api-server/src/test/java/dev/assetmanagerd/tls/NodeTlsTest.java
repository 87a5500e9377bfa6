package dev.assetmanagerd.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerTlsConfig;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.netty.handler.ssl.ClientAuth;
import io.netty.pkitesting.CertificateBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Servers and clients while their identities change. */
class NodeTlsTest {
  private static final PeerNames NODES = new PeerNames(List.of("*.nodes"));
  private static final List<String> NEWEST = List.of("TLSv1.3");

  private final TestAuthority authority;
  private final TestAuthority other;
  private final Settable own;
  private final NodeTls tls;

  NodeTlsTest() throws Exception {
    authority = new TestAuthority("one");
    other = new TestAuthority("two");
    own = new Settable(authority.identity(authority.issue(TestAuthority.NODE)));
    tls = new NodeTls(own, NODES, NEWEST);
  }

  @Test
  void aServerAndAClientOfHttpUseTheIdentityOfTheMoment() throws Exception {
    try (Server server = echo(tls)) {
      server.start().join();
      Settable client = new Settable(identity("CN=first"));
      try (ClientFactory connections =
          ClientFactory.builder()
              .tlsProvider(new NodeTls(client, NODES, NEWEST).provider())
              .build()) {
        WebClient http =
            WebClient.builder("https://127.0.0.1:" + server.activeLocalPort())
                .factory(connections)
                .build();
        assertThat(http.get("/").aggregate().join().contentUtf8()).isEqualTo("CN=first");
        client.set(identity("CN=second"));
        assertThat(http.get("/").aggregate().join().contentUtf8()).isEqualTo("CN=second");
        client.set(other.identity(other.issue(TestAuthority.NODE)));
        assertThatThrownBy(() -> http.get("/").aggregate().join())
            .hasStackTraceContaining("unable to find valid certification path");
        own.set(other.identity(other.issue(TestAuthority.NODE)));
        assertThat(http.get("/").aggregate().join().contentUtf8()).isEqualTo("CN=n1");
      }
    }
  }

  @Test
  void nodesTakeNodesAloneAndConnectionsOutliveTheCertificatesTheyWereMadeWith() throws Exception {
    io.grpc.Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .sslContext(
                GrpcSslContexts.configure(
                        io.netty.handler.ssl.SslContextBuilder.forServer(tls.keys()))
                    .trustManager(tls.nodes())
                    .clientAuth(ClientAuth.REQUIRE)
                    .protocols(NEWEST)
                    .build())
            .addService(new HealthStatusManager().getHealthService())
            .build()
            .start();
    ManagedChannel early = channel("127.0.0.1", server.getPort(), tls.toNodes());
    try {
      assertThat(ask(early)).isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
      assertThat(refusal(server, ClientTls.of(identity("CN=client")))).isNotEmpty();
      assertThat(refusal(server, ClientTls.of(other.identity(other.issue(TestAuthority.NODE)))))
          .isNotEmpty();
      assertThat(refusal(server, ChannelSecurity.PLAIN)).isNotEmpty();
      assertThat(refusal(server, "localhost.localdomain", tls.toNodes())).isNotEmpty();

      own.set(other.identity(other.issue(TestAuthority.NODE)));
      assertThat(ask(early)).as("made before").isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
      ManagedChannel late = channel("127.0.0.1", server.getPort(), tls.toNodes());
      assertThat(ask(late)).isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
      late.shutdownNow();
      assertThat(
              refusal(
                  server, ClientTls.of(authority.identity(authority.issue(TestAuthority.NODE)))))
          .isNotEmpty();
    } finally {
      early.shutdownNow();
      server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void aNodeDoesNotTakeAServerForANodeThatIsNone() throws Exception {
    Settable client =
        new Settable(
            authority.identity(
                authority.issue(c -> c.subject("CN=client").addSanIpAddress("127.0.0.1"))));
    try (Server server = echo(new NodeTls(client, NODES, NEWEST))) {
      server.start().join();
      ManagedChannel channel = channel("127.0.0.1", server.activeLocalPort(), tls.toNodes());
      assertThatThrownBy(() -> ask(channel))
          .hasStackTraceContaining("the certificate of CN=client has none of the names of nodes");
      channel.shutdownNow();
    }
  }

  @Test
  void whatOtherNodesWouldObjectToIsKnownBefore() throws Exception {
    assertThat(OwnCertificate.objection(own.current(), NODES)).isEmpty();
    assertThat(OwnCertificate.objection(own.current(), new PeerNames(List.of()))).isEmpty();
    assertThat(OwnCertificate.objection(identity("CN=client"), NODES).orElseThrow())
        .contains("has none of the names of nodes: *.nodes");
    TlsIdentity foreign = other.identity(other.issue(TestAuthority.NODE));
    assertThat(
            OwnCertificate.objection(
                    new TlsIdentity(foreign.key(), foreign.chain(), own.current().authorities()),
                    NODES)
                .orElseThrow())
        .contains("path");
    TlsIdentity serverOnly =
        authority.identity(
            authority.issue(c -> TestAuthority.NODE.apply(c).addExtendedKeyUsageServerAuth()));
    assertThat(OwnCertificate.objection(serverOnly, NODES).orElseThrow())
        .contains("TLS client authentication");
  }

  private TlsIdentity identity(String subject) throws Exception {
    return authority.identity(
        authority.issue((CertificateBuilder certificate) -> certificate.subject(subject)));
  }

  /** Answers with the subject of the client's certificate, and closes the connection. */
  private static Server echo(NodeTls tls) {
    return Server.builder()
        .https(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .tlsProvider(
            tls.provider(), ServerTlsConfig.builder().clientAuth(ClientAuth.REQUIRE).build())
        .service(
            "/",
            (context, request) -> {
              var unused = context.initiateConnectionShutdown();
              X509Certificate peer =
                  (X509Certificate) context.sslSession().getPeerCertificates()[0];
              return HttpResponse.of(peer.getSubjectX500Principal().getName());
            })
        .build();
  }

  private static ManagedChannel channel(String host, int port, ChannelSecurity security) {
    return security
        .secure(
            NettyChannelBuilder.forAddress(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .overrideAuthority(host + ":" + port))
        .build();
  }

  private static HealthCheckResponse.ServingStatus ask(ManagedChannel channel) {
    return HealthGrpc.newBlockingStub(channel)
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .check(HealthCheckRequest.getDefaultInstance())
        .getStatus();
  }

  private static String refusal(io.grpc.Server server, ChannelSecurity security) {
    return refusal(server, "127.0.0.1", security);
  }

  /** Why no connection comes about, which it must not. */
  private static String refusal(io.grpc.Server server, String host, ChannelSecurity security) {
    ManagedChannel channel = channel(host, server.getPort(), security);
    try {
      throw new AssertionError("a call was answered: " + ask(channel));
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      return String.valueOf(e.getStatus().getDescription());
    } finally {
      channel.shutdownNow();
    }
  }

  /** An identity that a test sets. */
  private static final class Settable implements TlsIdentitySource {
    private final List<Consumer<TlsIdentity>> listeners = new ArrayList<>();
    private volatile TlsIdentity identity;

    Settable(TlsIdentity first) {
      identity = first;
    }

    void set(TlsIdentity next) {
      identity = next;
      listeners.forEach(listener -> listener.accept(next));
    }

    @Override
    public TlsIdentity current() {
      return identity;
    }

    @Override
    public void follow(Consumer<TlsIdentity> listener) {
      listener.accept(identity);
      listeners.add(listener);
    }

    @Override
    public void close() {}
  }
}
