package dev.assetmanagerd.cli;

import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc.GarbageServiceBlockingStub;
import dev.assetmanagerd.garbage.v1.SweepOrphansRequest;
import dev.assetmanagerd.garbage.v1.SweepOrphansResponse;
import dev.assetmanagerd.garbage.v1.SweepOrphansResponse.OrphanBlob;
import io.grpc.Channel;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code gc sweep}. */
@Command(
    name = "sweep",
    description = {
      "Compares store and registry: deletes blobs that no asset refers to, and marks assets",
      "whose blob is missing."
    })
final class GcSweepCommand extends RemoteCommand {
  private static final Duration TIMEOUT = Duration.ofMinutes(30);

  @Option(
      names = "--min-age",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = "Leaves younger blobs alone; in whole seconds. Default: what is configured.")
  private Duration minAge = Duration.ZERO;

  @Option(names = "--dry-run", description = "Changes nothing, only says what would be done.")
  private boolean dryRun;

  @Option(
      names = "--allow-empty-registry",
      description = {
        "Deletes blobs also where no asset is registered at all. Only for a store that belongs to",
        "this cluster: those of a cluster that was lost are needed to restore it."
      })
  private boolean allowEmptyRegistry;

  @Override
  Duration defaultTimeout() {
    return TIMEOUT;
  }

  @Override
  int run(NodeClient client) throws IOException {
    SweepOrphansRequest request =
        SweepOrphansRequest.newBuilder()
            .setMinAgeSeconds(wholeSeconds("--min-age", minAge))
            .setDryRun(dryRun)
            .setAllowEmptyRegistry(allowEmptyRegistry)
            .build();
    SweepOrphansResponse response =
        dryRun
            ? client.read(channel -> stub(channel, client).sweepOrphans(request))
            : client.change(channel -> stub(channel, client).sweepOrphans(request));
    if (json()) {
      printJson(response);
      return ExitCodes.OK;
    }
    print(response);
    return ExitCodes.OK;
  }

  private static GarbageServiceBlockingStub stub(Channel channel, NodeClient client) {
    return GarbageServiceGrpc.newBlockingStub(channel).withDeadline(client.deadline());
  }

  private void print(SweepOrphansResponse response) {
    for (OrphanBlob blob : response.getOrphanBlobsList()) {
      out().println("blob without an asset: " + blob.getLocation());
    }
    response.getAssetsWithoutBlobList().forEach(id -> out().println("asset without a blob: " + id));
    response.getAssetsFoundAgainList().forEach(id -> out().println("blob found again: " + id));
    out()
        .println(
            (dryRun ? "would delete " : "deletes ")
                + response.getOrphanBlobCount()
                + " blobs, "
                + Table.size(response.getOrphanBytes())
                + "; "
                + response.getAssetWithoutBlobCount()
                + " assets without a blob");
  }
}
