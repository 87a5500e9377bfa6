package dev.assetmanagerd.cli;

import dev.assetmanagerd.garbage.v1.ExplainAssetRequest;
import dev.assetmanagerd.garbage.v1.ExplainAssetResponse;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code gc explain}. */
@Command(
    name = "explain",
    description = "Says whether a garbage collection would take an asset now, and why.")
final class GcExplainCommand extends RemoteCommand {
  @Parameters(paramLabel = "ID", description = "Id of the asset.")
  private String id = "";

  @Option(
      names = "--max-age",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = "Time without use, in whole seconds. Default: what the node configures.")
  private Duration maxAge = Duration.ZERO;

  @Override
  int run(NodeClient client) throws IOException {
    ExplainAssetRequest request =
        ExplainAssetRequest.newBuilder()
            .setAssetId(id)
            .setMaxAgeSeconds(wholeSeconds("--max-age", maxAge))
            .build();
    ExplainAssetResponse response =
        client.read(
            channel ->
                GarbageServiceGrpc.newBlockingStub(channel)
                    .withDeadline(client.deadline())
                    .explainAsset(request));
    if (json()) {
      printJson(response);
      return ExitCodes.OK;
    }
    out().println(id + (response.getCollectable() ? " is garbage" : " is not garbage"));
    response.getReasonsList().forEach(reason -> out().println("- " + reason.getMessage()));
    return ExitCodes.OK;
  }
}
