package dev.assetmanagerd.server;

import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.server.DecoratingHttpServiceFunction;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServerPort;
import dev.assetmanagerd.config.ConfigText;
import dev.assetmanagerd.config.HostPort;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;

/** How this program sets up its HTTP servers. */
final class HttpServers {
  private static final Duration IDLE_TIMEOUT = Duration.ofMinutes(10);
  private static final int MAX_CONNECTIONS = 10_000;
  private static final int MAX_STREAMS_PER_CONNECTION = 1024;

  private HttpServers() {}

  /** A server for HTTP/1.1 and HTTP/2 without encryption. */
  static ServerBuilder plain(HostPort address) {
    return on(address, SessionProtocol.HTTP);
  }

  /**
   * A server with encryption, which the caller sets up. Requests without come through as well: the
   * caller has to refuse them, and can say why.
   */
  static ServerBuilder encrypted(HostPort address) {
    return on(address, SessionProtocol.HTTPS, SessionProtocol.HTTP);
  }

  private static ServerBuilder on(HostPort address, SessionProtocol... protocols) {
    return Server.builder()
        .port(new ServerPort(new InetSocketAddress(address.host(), address.port()), protocols))
        .maxNumConnections(MAX_CONNECTIONS)
        .http2MaxStreamsPerConnection(MAX_STREAMS_PER_CONNECTION)
        .idleTimeout(IDLE_TIMEOUT)
        .disableServerHeader();
  }

  /**
   * Once the server stops, answers what still comes on old connections, and has the client close
   * them: one that calls all the time would hold up the stop.
   */
  static DecoratingHttpServiceFunction closingConnections(BooleanSupplier stopping) {
    return (delegate, context, request) -> {
      if (stopping.getAsBoolean()) {
        var unused = context.initiateConnectionShutdown();
      }
      return delegate.serve(context, request);
    };
  }

  /**
   * Starts listening. Closing waits for calls in flight as the server was built to.
   *
   * @param option that set the port
   */
  static void start(Server server, HostPort address, String option, Closing parts)
      throws StartException {
    parts.add(server);
    try {
      server.start().join();
    } catch (CompletionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new StartException(
          "cannot listen on %s, which %s says: %s"
              .formatted(address, ConfigText.variable(option), cause.getMessage()),
          cause);
    }
  }
}
