package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.KeepSessionRequest;
import dev.assetmanagerd.lease.v1.KeepSessionResponse;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code session keep}. */
@Command(name = "keep", description = "Keeps a session and all of its leases alive.")
final class SessionKeepCommand extends ChangeCommand {
  @Parameters(paramLabel = "SESSION-ID", description = "Id of the session.")
  private String id = "";

  @Override
  int run(NodeClient client) throws IOException {
    KeepSessionRequest request = KeepSessionRequest.newBuilder().setSessionId(id).build();
    KeepSessionResponse response =
        change(client, channel -> leases(channel, client).keepSession(request));
    if (json()) {
      printJson(response);
    } else {
      LeaseTables.ofSessions(List.of(response.getSession())).print(out());
    }
    return ExitCodes.OK;
  }
}
