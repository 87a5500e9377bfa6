package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.AttachLeasesRequest;
import dev.assetmanagerd.lease.v1.AttachLeasesResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code session attach}. */
@Command(
    name = "attach",
    description = {
      "Lets leases live as long as a session. The exit code is 4 where one of them is gone;",
      "the others are attached."
    })
final class SessionAttachCommand extends ChangeCommand {
  @Parameters(index = "0", paramLabel = "SESSION-ID", description = "Id of the session.")
  private String sessionId = "";

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "LEASE-ID",
      description = "Ids of the leases.")
  private List<String> leaseIds = new ArrayList<>();

  @Override
  int run(NodeClient client) throws IOException {
    AttachLeasesRequest request =
        AttachLeasesRequest.newBuilder().setSessionId(sessionId).addAllLeaseIds(leaseIds).build();
    AttachLeasesResponse response =
        change(client, channel -> leases(channel, client).attachLeases(request));
    if (json()) {
      printJson(response);
    } else {
      LeaseTables.ofLeases(response.getAttachedList()).print(out());
    }
    return notFound(response.getNotFoundIdsList());
  }
}
