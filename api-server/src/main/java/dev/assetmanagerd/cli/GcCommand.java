package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.GarbageCollectResponse;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code gc}. */
@Command(
    name = "gc",
    description = "Ends expired leases and, if told so, deletes assets that nobody uses.")
final class GcCommand extends ChangeCommand {
  @Option(
      names = "--delete-unreferenced",
      description = "Deletes assets without leases that were not used for a while.")
  private boolean deleteUnreferenced;

  @Option(
      names = "--max-age",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = "How long that while is, in whole seconds. Default: what the node configures.")
  private Duration maxAge = Duration.ZERO;

  @Option(names = "--dry-run", description = "Changes nothing, only says what would go.")
  private boolean dryRun;

  @Override
  int run(NodeClient client) throws IOException {
    GarbageCollectRequest request =
        GarbageCollectRequest.newBuilder()
            .setDeleteUnreferenced(deleteUnreferenced)
            .setMaxAgeSeconds(wholeSeconds("--max-age", maxAge))
            .setDryRun(dryRun)
            .build();
    GarbageCollectResponse response =
        dryRun
            ? client.read(channel -> assets(channel, client).garbageCollect(request))
            : change(client, channel -> assets(channel, client).garbageCollect(request));
    if (json()) {
      printJson(response);
      return ExitCodes.OK;
    }
    if (response.getDeletedAssetsCount() > 0) {
      Table.ofAssets(response.getDeletedAssetsList()).print(out());
    }
    out()
        .println(
            (dryRun ? "would delete " : "deleted ")
                + response.getDeletedAssetsCount()
                + " assets, "
                + Table.size(response.getBytesFreed()));
    return ExitCodes.OK;
  }
}
