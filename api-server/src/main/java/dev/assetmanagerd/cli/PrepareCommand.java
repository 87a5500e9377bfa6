package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code asset prepare}. */
@Command(
    name = "prepare",
    description = "Puts assets into the directory of a VM, on the host of the node that is asked.")
final class PrepareCommand extends RemoteCommand {
  /** Copies may be large. */
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  @Parameters(arity = "1..*", paramLabel = "ID", description = "Ids of the assets.")
  private List<String> ids = new ArrayList<>();

  @Option(
      names = "--target",
      required = true,
      paramLabel = "DIR",
      description = "The directory. Relative ones are taken from where this command runs.")
  private Path target = Path.of("");

  @Option(names = "--for", paramLabel = "WHO", description = "Whom it is for, such as a VM's id.")
  private String preparedFor = "";

  @Override
  Duration defaultTimeout() {
    return TIMEOUT;
  }

  @Override
  int run(NodeClient client) throws IOException {
    PrepareAssetsRequest request =
        PrepareAssetsRequest.newBuilder()
            .addAllAssetIds(ids)
            .setTargetPath(target.toAbsolutePath().toString())
            .setPreparedFor(preparedFor)
            .build();
    PrepareAssetsResponse response =
        client.change(channel -> assets(channel, client).prepareAssets(request));
    if (json()) {
      printJson(response);
      return ExitCodes.OK;
    }
    Table table = new Table("ID", "PATH");
    ids.forEach(id -> table.add(id, response.getAssetPathsOrDefault(id, "-")));
    table.print(out());
    return ExitCodes.OK;
  }
}
