package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.GetAssetResponse;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code asset get}. */
@Command(name = "get", description = "Shows one asset.")
final class GetCommand extends RemoteCommand {
  @Parameters(paramLabel = "ID", description = "Id of the asset.")
  private String id = "";

  @Option(
      names = "--ensure-local",
      description = "Makes its bytes a file on the node's host, and prints its path.")
  private boolean ensureLocal;

  @Override
  int run(NodeClient client) throws IOException {
    GetAssetRequest request =
        GetAssetRequest.newBuilder().setId(id).setEnsureLocal(ensureLocal).build();
    GetAssetResponse response = client.read(channel -> assets(channel, client).getAsset(request));
    if (json()) {
      printJson(response);
    } else {
      Table.ofAssets(List.of(response.getAsset())).print(out());
      if (ensureLocal) {
        out().println(response.getLocalPath());
      }
    }
    return ExitCodes.OK;
  }
}
