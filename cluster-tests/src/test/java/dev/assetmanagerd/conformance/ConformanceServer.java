package dev.assetmanagerd.conformance;

import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.common.TlsKeyPair;
import com.linecorp.armeria.common.TlsProvider;
import com.linecorp.armeria.common.TlsProviderBuilder;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServerPort;
import com.linecorp.armeria.server.ServerTlsConfig;
import com.linecorp.armeria.server.ServerTlsConfigBuilder;
import dev.assetmanagerd.conformance.v1.ConformancePayload;
import dev.assetmanagerd.conformance.v1.ServerCompatRequest;
import dev.assetmanagerd.conformance.v1.ServerCompatResponse;
import dev.assetmanagerd.connect.RpcServer;
import io.grpc.ServerInterceptors;
import io.netty.handler.ssl.ClientAuth;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.concurrent.CountDownLatch;

/**
 * Starts the server that the suite asks for: one length-prefixed message on standard input says
 * how, one on standard output says where. It serves until the suite ends the process.
 */
public final class ConformanceServer {
  private static final int DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

  private ConformanceServer() {}

  /**
   * Serves until killed.
   *
   * @throws Exception if the request is unreadable or the server cannot start
   */
  public static void main(String[] args) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err); // nothing but the answer may reach the suite
    DataInputStream in = new DataInputStream(System.in);
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    ServerCompatRequest request = ServerCompatRequest.parseFrom(bytes);
    Server server = server(request);
    server.start().join();
    answer(answers, request, server.activeLocalPort());
    new CountDownLatch(1).await();
  }

  private static Server server(ServerCompatRequest request)
      throws IOException, GeneralSecurityException {
    int limit = request.getMessageReceiveLimit();
    RpcServer rpc =
        RpcServer.builder()
            .addService(
                ServerInterceptors.intercept(
                    new ConformanceService().bindService(), new ObservedCall.Interceptor()))
            .maxMessageBytes(limit > 0 ? limit : DEFAULT_MAX_MESSAGE_BYTES)
            .jsonTypes(ConformancePayload.RequestInfo.getDescriptor())
            .build();
    ServerBuilder server = Server.builder().gracefulShutdownTimeoutMillis(0, 0);
    server.port(
        new ServerPort(0, request.getUseTls() ? SessionProtocol.HTTPS : SessionProtocol.HTTP));
    if (request.getUseTls()) {
      secure(server, request);
    }
    rpc.bindTo(server);
    return server.build();
  }

  private static void secure(ServerBuilder server, ServerCompatRequest request)
      throws IOException, GeneralSecurityException {
    TlsProviderBuilder keys =
        TlsProvider.builder()
            .keyPair(
                TlsKeyPair.of(
                    request.getServerCreds().getKey().newInput(),
                    request.getServerCreds().getCert().newInput()));
    ServerTlsConfigBuilder config = ServerTlsConfig.builder();
    if (!request.getClientTlsCert().isEmpty()) {
      X509Certificate[] trusted =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(request.getClientTlsCert().newInput())
              .toArray(X509Certificate[]::new);
      keys.trustedCertificates(trusted);
      config.clientAuth(ClientAuth.REQUIRE);
    }
    server.tlsProvider(keys.build(), config.build());
  }

  private static void answer(PrintStream out, ServerCompatRequest request, int port)
      throws IOException {
    ServerCompatResponse.Builder where =
        ServerCompatResponse.newBuilder().setHost("127.0.0.1").setPort(port);
    if (request.getUseTls()) {
      where.setPemCert(request.getServerCreds().getCert());
    }
    byte[] bytes = where.build().toByteArray();
    DataOutputStream framed = new DataOutputStream(out);
    framed.writeInt(bytes.length);
    framed.write(bytes);
    framed.flush();
  }
}
