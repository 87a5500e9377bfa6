package dev.assetmanagerd.cli;

import dev.assetmanagerd.lease.v1.GetLeaseRequest;
import dev.assetmanagerd.lease.v1.GetLeaseResponse;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code lease get}. */
@Command(name = "get", description = "Shows a lease.")
final class LeaseGetCommand extends RemoteCommand {
  @Parameters(paramLabel = "LEASE-ID", description = "Id of the lease.")
  private String id = "";

  @Override
  int run(NodeClient client) throws IOException {
    GetLeaseRequest request = GetLeaseRequest.newBuilder().setLeaseId(id).build();
    GetLeaseResponse response = client.read(channel -> leases(channel, client).getLease(request));
    if (json()) {
      printJson(response);
    } else {
      LeaseTables.ofLeases(List.of(response.getLease())).print(out());
    }
    return ExitCodes.OK;
  }
}
