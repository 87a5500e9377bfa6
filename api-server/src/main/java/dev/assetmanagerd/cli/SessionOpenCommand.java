package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import dev.assetmanagerd.lease.v1.OpenSessionResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code session open}. */
@Command(name = "open", description = "Opens a session of a host. With an id it has: keeps it.")
final class SessionOpenCommand extends ChangeCommand {
  @Parameters(paramLabel = "HOST", description = "Name of the host.")
  private String host = "";

  @Option(
      names = "--id",
      paramLabel = "SESSION-ID",
      description = "Id of the session; one is made up otherwise.")
  private String id = "";

  @Option(
      names = "--ttl",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = {
        "How long it lives without being kept, in whole seconds.",
        "Default: what the node configures."
      })
  private Duration ttl = Duration.ZERO;

  @Option(
      names = "--grace",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = {
        "How long its leases outlive it, in whole seconds. Default: what the node configures."
      })
  private @Nullable Duration grace;

  @Override
  int run(NodeClient client) throws IOException {
    OpenSessionRequest.Builder request =
        OpenSessionRequest.newBuilder()
            .setHost(host)
            .setSessionId(id)
            .setTtlSeconds(seconds("--ttl", ttl));
    if (grace != null) {
      request.setGraceSeconds(seconds("--grace", grace));
    }
    OpenSessionRequest wanted = request.build();
    OpenSessionResponse response =
        change(client, channel -> leases(channel, client).openSession(wanted));
    if (json()) {
      printJson(response);
    } else {
      LeaseTables.ofSessions(List.of(response.getSession())).print(out());
    }
    return ExitCodes.OK;
  }
}
