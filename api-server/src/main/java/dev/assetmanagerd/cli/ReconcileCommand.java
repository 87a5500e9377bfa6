package dev.assetmanagerd.cli;

import com.google.common.base.Splitter;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.ReconcileSessionRequest;
import dev.assetmanagerd.lease.v1.ReconcileSessionRequest.RunningVm;
import dev.assetmanagerd.lease.v1.ReconcileSessionResponse;
import dev.assetmanagerd.lease.v1.ReconcileSessionResponse.Missing;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code session reconcile}. */
@Command(
    name = "reconcile",
    description = {
      "Compares what runs on a host with the leases of its session, and changes nothing.",
      "Many options fit into a file: reconcile SESSION-ID @FILE."
    })
final class ReconcileCommand extends RemoteCommand {
  @Parameters(paramLabel = "SESSION-ID", description = "Id of the session.")
  private String sessionId = "";

  @Option(
      names = "--running",
      paramLabel = "VM=ASSET-ID[,ASSET-ID...]",
      description = "A VM that runs, and what it was started from. May be given several times.")
  private List<String> running = new ArrayList<>();

  @Override
  int run(NodeClient client) throws IOException {
    ReconcileSessionRequest request =
        ReconcileSessionRequest.newBuilder()
            .setSessionId(sessionId)
            .addAllRunning(running.stream().map(this::vm).toList())
            .build();
    ReconcileSessionResponse response =
        client.read(channel -> leases(channel, client).reconcileSession(request));
    if (json()) {
      printJson(response);
      return ExitCodes.OK;
    }
    Table table = new Table("DIFFERENCE", "VM", "ASSET", "LEASE");
    for (Missing missing : response.getMissingList()) {
      table.add("missing", missing.getAcquiredBy(), missing.getAssetId(), "-");
    }
    for (Lease lease : response.getSurplusList()) {
      table.add("surplus", lease.getAcquiredBy(), lease.getAssetId(), lease.getId());
    }
    table.print(out());
    if (response.getMore()) {
      err().println("there is more: do something about these, and ask again");
    }
    return ExitCodes.OK;
  }

  private RunningVm vm(String text) {
    int end = text.lastIndexOf('=');
    if (end < 1 || end == text.length() - 1) {
      throw usage("--running: \"" + text + "\" is not VM=ASSET-ID[,ASSET-ID...]");
    }
    return RunningVm.newBuilder()
        .setAcquiredBy(text.substring(0, end))
        .addAllAssetIds(Splitter.on(',').split(text.substring(end + 1)))
        .build();
  }
}
