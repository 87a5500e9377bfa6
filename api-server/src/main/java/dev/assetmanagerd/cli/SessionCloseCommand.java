package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.CloseSessionRequest;
import dev.assetmanagerd.lease.v1.CloseSessionResponse;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code session close}. */
@Command(name = "close", description = "Ends a session and all of its leases.")
final class SessionCloseCommand extends ChangeCommand {
  @Parameters(paramLabel = "SESSION-ID", description = "Id of the session.")
  private String id = "";

  @Override
  int run(NodeClient client) throws IOException {
    CloseSessionRequest request = CloseSessionRequest.newBuilder().setSessionId(id).build();
    CloseSessionResponse response =
        change(client, channel -> leases(channel, client).closeSession(request));
    if (json()) {
      printJson(response);
    } else {
      out().println("closed; " + response.getLeasesEnded() + " leases ended");
    }
    return ExitCodes.OK;
  }
}
