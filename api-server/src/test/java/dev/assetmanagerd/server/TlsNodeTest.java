package dev.assetmanagerd.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.node.v1.GetNodeStatusRequest;
import dev.assetmanagerd.node.v1.NodeServiceGrpc;
import dev.assetmanagerd.tls.ChannelSecurity;
import dev.assetmanagerd.tls.ClientTls;
import dev.assetmanagerd.tls.TestAuthority;
import dev.assetmanagerd.tls.TlsIdentity;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** A node with {@code TLS_MODE=file}, and who gets in. */
class TlsNodeTest {
  private static final String PREFIX = "UNKEY_ASSETMANAGERD_";
  private static final String LIST = "/asset.v1.AssetManagerService/ListAssets";

  @TempDir Path directory;

  private final TestAuthority authority;
  private final TlsIdentity client;

  TlsNodeTest() throws Exception {
    authority = new TestAuthority("one");
    client = authority.identity(authority.issue(c -> c.subject("CN=client")));
  }

  @Test
  void allIsEncryptedAndClientsNeedCertificates() throws Exception {
    TestNode node = new TestNode(directory);
    try (NodeServer running = NodeServer.start(config(node, Map.of()))) {
      assertThat(running.terminated()).isNotDone();
      assertThat(https(node, client, "TLSv1.3", HttpClient.Version.HTTP_2)).isEqualTo("{}");
      assertThat(https(node, client, "TLSv1.3", HttpClient.Version.HTTP_1_1)).isEqualTo("{}");
      refusedByHttps(node, client, "TLSv1.2");
      TestAuthority other = new TestAuthority("one");
      TlsIdentity stranger = other.identity(other.issue(TestAuthority.NODE));
      refusedByHttps(
          node, new TlsIdentity(stranger.key(), stranger.chain(), client.authorities()), "TLSv1.3");
      assertThat(statusOf(node, ClientTls.of(client))).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(statusOf(node, ClientTls.of(nodesOwn()))).isEqualTo(Status.Code.OK);
      assertThat(listed(node, ClientTls.of(client))).isEqualTo(Status.Code.OK);
      assertThat(listed(node, ChannelSecurity.PLAIN)).isNotEqualTo(Status.Code.OK);
      assertThat(node.get(node.metricsPort, "/livez").body()).isEqualTo("ok\n");
      assertThat(node.get(node.metricsPort, "/metrics").body())
          .containsPattern("\nassetmanager_tls_certificate_expiry_timestamp_seconds [0-9.]+E9\n");
    }
  }

  @Test
  void plainTextIsToldWhyItIsNotServed() throws Exception {
    TestNode node = new TestNode(directory);
    try (NodeServer running = NodeServer.start(config(node, Map.of()))) {
      assertThat(running.terminated()).isNotDone();
      String why = "this port speaks TLS, with certificates on both sides; use https\n";
      for (String path : new String[] {"/readyz", "/health", LIST, "/nothing"}) {
        HttpResponse<String> answer = node.get(node.port, path);
        assertThat(answer.statusCode()).as(path).isEqualTo(400);
        assertThat(answer.body()).as(path).isEqualTo(why);
      }
      HttpResponse<String> call = node.call(LIST.substring(1), "{}");
      assertThat(call.statusCode()).isEqualTo(400);
      assertThat(call.body()).isEqualTo(why);
      assertThat(
              raw(
                  node,
                  "OPTIONS %s HTTP/1.1\r\nhost: x\r\norigin: http://x\r\n".formatted(LIST)
                      + "access-control-request-method: POST\r\nconnection: close\r\n\r\n"))
          .startsWith("HTTP/1.1 400")
          .contains(why);
    }
  }

  @Test
  void anOlderVersionIsSpokenWhereThatIsAskedFor() throws Exception {
    TestNode node = new TestNode(directory);
    try (NodeServer running = NodeServer.start(config(node, Map.of("TLS_MIN_VERSION", "1.2")))) {
      assertThat(running.terminated()).isNotDone();
      assertThat(https(node, client, "TLSv1.2", HttpClient.Version.HTTP_2)).isEqualTo("{}");
      assertThat(https(node, client, "TLSv1.3", HttpClient.Version.HTTP_2)).isEqualTo("{}");
    }
  }

  @Test
  void theCommandLineBringsItsCertificate() throws Exception {
    TestNode node = new TestNode(directory);
    Path files = directory.resolve("client");
    authority.write(files, authority.issue(c -> c.subject("CN=client")));
    try (NodeServer running = NodeServer.start(config(node, Map.of()))) {
      assertThat(running.terminated()).isNotDone();
      String[] tls = {
        "--tls-cert",
        files + "/cert.pem",
        "--tls-key",
        files + "/key.pem",
        "--tls-ca",
        files + "/ca.pem"
      };
      Ran listed = cli(node, tls);
      assertThat(listed.exitCode()).as(listed.text()).isZero();
      Ran plain = cli(node);
      assertThat(plain.exitCode()).isNotZero();
      assertThat(plain.text()).contains("this port speaks TLS");
      Ran half = cli(node, "--tls-cert", files + "/cert.pem");
      assertThat(half.exitCode()).isEqualTo(2);
      assertThat(half.text()).contains("--tls-cert, --tls-key and --tls-ca belong together");
      TestAuthority other = new TestAuthority("two");
      TestAuthority.replace(files.resolve("ca.pem"), other.pem());
      Ran distrusted = cli(node, tls);
      assertThat(distrusted.exitCode()).isEqualTo(3);
      assertThat(distrusted.text()).contains("cannot be reached: ").contains("certification path");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cert.pem", "key.pem", "ca.pem"})
  void withoutAFileOfUseTheNodeDoesNotStartAndNamesTheVariable(String file) throws Exception {
    TestNode node = new TestNode(directory);
    NodeConfig config = config(node, Map.of());
    Files.delete(directory.resolve("tls").resolve(file));
    String variable = Map.of("cert.pem", "CERT", "key.pem", "KEY", "ca.pem", "CA").get(file);

    assertThatThrownBy(() -> NodeServer.start(config).close())
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith(
            "%sTLS_%s_FILE (%s) cannot be read"
                .formatted(PREFIX, variable, directory.resolve("tls").resolve(file)));
    assertThat(node.accepts(node.port)).isFalse();
    assertThat(node.accepts(node.raftPort)).isFalse();
  }

  @ParameterizedTest
  @EnumSource(Wrong.class)
  void whoeverIsNoMemberIsRefusedAtThePortOfRaft(Wrong wrong) throws Exception {
    TestNode node = new TestNode(directory);
    try (NodeServer running = NodeServer.start(config(node, Map.of()))) {
      assertThat(running.terminated()).isNotDone();
      ManagedChannel channel = security(wrong).secure(builder(node.raftPort)).build();
      try {
        assertThat(
                code(
                    () ->
                        NodeServiceGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(20, TimeUnit.SECONDS)
                            .getNodeStatus(GetNodeStatusRequest.getDefaultInstance())))
            .isEqualTo(
                wrong == Wrong.NOT_WRONG ? Status.Code.UNIMPLEMENTED : Status.Code.UNAVAILABLE);
      } finally {
        channel.shutdownNow();
      }
    }
  }

  private enum Wrong {
    /** Gets as far as being told that Raft has no such service. */
    NOT_WRONG,
    PLAIN,
    NO_NODE,
    OTHER_AUTHORITY
  }

  private ChannelSecurity security(Wrong wrong) {
    return switch (wrong) {
      case NOT_WRONG -> ClientTls.of(nodesOwn());
      case PLAIN -> ChannelSecurity.PLAIN;
      case NO_NODE -> ClientTls.of(client);
      case OTHER_AUTHORITY -> ClientTls.of(stranger());
    };
  }

  private TlsIdentity stranger() {
    try {
      TestAuthority other = new TestAuthority("one");
      TlsIdentity identity = other.identity(other.issue(TestAuthority.NODE));
      return new TlsIdentity(identity.key(), identity.chain(), client.authorities());
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private TlsIdentity nodesOwn() {
    try {
      return authority.identity(authority.issue(TestAuthority.NODE));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private NodeConfig config(TestNode node, Map<String, String> more) throws Exception {
    Path files = directory.resolve("tls");
    authority.write(files, authority.issue(TestAuthority.NODE));
    Map<String, String> environment = new HashMap<>(node.environment());
    environment.put(PREFIX + "TLS_MODE", "file");
    environment.put(PREFIX + "TLS_CERT_FILE", files.resolve("cert.pem").toString());
    environment.put(PREFIX + "TLS_KEY_FILE", files.resolve("key.pem").toString());
    environment.put(PREFIX + "TLS_CA_FILE", files.resolve("ca.pem").toString());
    environment.put(PREFIX + "TLS_PEER_NAMES", "*.nodes");
    more.forEach((name, value) -> environment.put(PREFIX + name, value));
    return NodeConfig.read(environment);
  }

  private record Ran(int exitCode, String text) {}

  private static Ran cli(TestNode node, String... tls) {
    StringWriter text = new StringWriter();
    CommandLine program = Main.commandLine();
    program.setOut(new PrintWriter(text)).setErr(new PrintWriter(text));
    String[] arguments = new String[tls.length + 4];
    arguments[0] = "asset";
    arguments[1] = "list";
    arguments[2] = "--endpoint";
    arguments[3] = "localhost:" + node.port;
    System.arraycopy(tls, 0, arguments, 4, tls.length);
    return new Ran(program.execute(arguments), text.toString());
  }

  private static String https(
      TestNode node, TlsIdentity identity, String protocol, HttpClient.Version version)
      throws Exception {
    SSLParameters parameters = new SSLParameters();
    parameters.setProtocols(new String[] {protocol});
    HttpResponse<String> answer =
        HttpClient.newBuilder()
            .sslContext(context(identity))
            .sslParameters(parameters)
            .build()
            .send(
                HttpRequest.newBuilder(URI.create("https://localhost:" + node.port + LIST))
                    .version(version)
                    .timeout(Duration.ofSeconds(20))
                    .header("content-type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{}"))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.version()).isEqualTo(version);
    return answer.body();
  }

  private static void refusedByHttps(TestNode node, TlsIdentity identity, String protocol) {
    assertThatThrownBy(() -> https(node, identity, protocol, HttpClient.Version.HTTP_2))
        .isInstanceOf(IOException.class);
  }

  private static SSLContext context(TlsIdentity identity) throws Exception {
    KeyStore own = KeyStore.getInstance("PKCS12");
    own.load(null, null);
    own.setKeyEntry(
        "own", identity.key(), new char[] {'x'}, identity.chain().toArray(X509Certificate[]::new));
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(own, new char[] {'x'});
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("ca", identity.authorities().get(0));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private static NettyChannelBuilder builder(int port) {
    return NettyChannelBuilder.forAddress("127.0.0.1", port);
  }

  private static Status.Code statusOf(TestNode node, ChannelSecurity security) {
    ManagedChannel channel = security.secure(builder(node.port)).build();
    try {
      return code(
          () ->
              NodeServiceGrpc.newBlockingStub(channel)
                  .withDeadlineAfter(20, TimeUnit.SECONDS)
                  .getNodeStatus(GetNodeStatusRequest.getDefaultInstance()));
    } finally {
      channel.shutdownNow();
    }
  }

  private static Status.Code listed(TestNode node, ChannelSecurity security) {
    ManagedChannel channel = security.secure(builder(node.port)).build();
    try {
      return code(
          () ->
              AssetManagerServiceGrpc.newBlockingStub(channel)
                  .withDeadlineAfter(20, TimeUnit.SECONDS)
                  .listAssets(ListAssetsRequest.getDefaultInstance()));
    } finally {
      channel.shutdownNow();
    }
  }

  private static Status.Code code(Runnable call) {
    try {
      call.run();
      return Status.Code.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
  }

  private static String raw(TestNode node, String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), node.port)) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }
}
