package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.importer.v1.ImportAssetsRequest;
import dev.assetmanagerd.importer.v1.ImportLeasesRequest;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.importer.v1.ImportResult.Verdict;
import dev.assetmanagerd.importer.v1.ImportServiceGrpc;
import dev.assetmanagerd.importer.v1.ImportServiceGrpc.ImportServiceBlockingStub;
import dev.assetmanagerd.importer.v1.OldAsset;
import dev.assetmanagerd.importer.v1.OldLease;
import dev.assetmanagerd.olddaemon.OldDatabaseException;
import io.grpc.Channel;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * Sends rows in batches, one after the other, and reports what becomes of them.
 *
 * <p>Each batch carries a key of its own, so that it may be sent again, to whichever node, until it
 * is answered: what was done the first time is answered the same. Rows whose bytes the node has to
 * read go alone, for that may take long.
 */
final class ImportBatches {
  private static final Metadata.Key<String> IDEMPOTENCY_KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);
  private static final int ASSETS = 250;
  private static final int LEASES = 1000;
  private static final int BYTES = 256 << 10;

  /** What a node takes in one call; leaves room for what is around the row. */
  private static final int ROW_BYTES = 500 << 10;

  private static final Duration CALL = Duration.ofSeconds(60);

  /** Longer than any election, and than a node takes to be started again. */
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private static final Duration PAUSE = Duration.ofMillis(500);

  private final NodeClient client;
  private final ImportReport report;
  private final boolean dryRun;
  private final Planned planned;
  private final String run = UUID.randomUUID().toString();
  private final ImportAssetsRequest.Builder assets = ImportAssetsRequest.newBuilder();
  private final ImportLeasesRequest.Builder leases = ImportLeasesRequest.newBuilder();
  private int bytes;
  private int sent;

  /** Hears in a dry run of assets that would be there. */
  interface Planned {
    void plan(String assetId) throws OldDatabaseException;
  }

  ImportBatches(
      NodeClient client,
      ImportReport report,
      boolean allowMissingBlobs,
      boolean dryRun,
      Planned planned) {
    this.client = client;
    this.report = report;
    this.dryRun = dryRun;
    this.planned = planned;
    assets.setAllowMissingBlobs(allowMissingBlobs).setDryRun(dryRun);
    leases.setDryRun(dryRun);
  }

  void add(OldAsset asset) throws OldDatabaseException {
    int size = asset.getSerializedSize();
    if (size > ROW_BYTES) {
      report.add("asset", asset.getAsset().getId(), tooLong(size));
      return;
    }
    if (isReadWhole(asset)) {
      send(
          ImportAssetsRequest.newBuilder()
              .addAssets(asset)
              .setAllowMissingBlobs(assets.getAllowMissingBlobs())
              .setDryRun(dryRun)
              .build(),
          true);
      return;
    }
    if (assets.getAssetsCount() == ASSETS || bytes + size > BYTES) {
      flush();
    }
    assets.addAssets(asset);
    bytes += size;
  }

  private static boolean isReadWhole(OldAsset asset) {
    return asset.getAsset().getChecksum().isEmpty()
        || asset.getAsset().getStatus() == AssetStatus.ASSET_STATUS_ERROR;
  }

  void add(OldLease lease) throws OldDatabaseException {
    int size = lease.getSerializedSize();
    if (leases.getLeasesCount() == LEASES || bytes + size > BYTES) {
      flush();
    }
    leases.addLeases(lease);
    bytes += size;
  }

  private static ImportResult tooLong(int size) {
    return ImportResult.newBuilder()
        .setVerdict(Verdict.VERDICT_SKIPPED)
        .setReason(Reason.REASON_MALFORMED)
        .setMessage("has " + size + " bytes in all, which is more than any asset may have")
        .build();
  }

  /** Sends what has been added. */
  void flush() throws OldDatabaseException {
    if (assets.getAssetsCount() > 0) {
      send(assets.build(), false);
      assets.clearAssets();
    }
    if (leases.getLeasesCount() > 0) {
      send(leases.build());
      leases.clearLeases();
    }
    bytes = 0;
  }

  private void send(ImportAssetsRequest request, boolean readWhole) throws OldDatabaseException {
    List<ImportResult> results =
        once(channel -> stub(channel, readWhole).importAssets(request)).getResultsList();
    require(results, request.getAssetsCount());
    for (int i = 0; i < results.size(); i++) {
      ImportResult result = results.get(i);
      String id = request.getAssets(i).getAsset().getId();
      report.add("asset", id, result);
      boolean there =
          result.getVerdict() == Verdict.VERDICT_IMPORTED
              || result.getVerdict() == Verdict.VERDICT_UNCHANGED;
      if (dryRun && there) {
        planned.plan(id);
      }
    }
  }

  private void send(ImportLeasesRequest request) {
    List<ImportResult> results =
        once(channel -> stub(channel, false).importLeases(request)).getResultsList();
    require(results, request.getLeasesCount());
    for (int i = 0; i < results.size(); i++) {
      report.add("lease", request.getLeases(i).getId(), results.get(i));
    }
  }

  private static void require(List<ImportResult> results, int rows) {
    if (results.size() != rows) {
      throw new CallFailedException(
          Status.Code.INTERNAL, false, "%d results for %d rows".formatted(results.size(), rows));
    }
  }

  private ImportServiceBlockingStub stub(Channel channel, boolean untilTheEnd) {
    Deadline own = Deadline.after(CALL.toSeconds(), TimeUnit.SECONDS);
    return ImportServiceGrpc.newBlockingStub(channel)
        .withDeadline(untilTheEnd ? client.deadline() : own.minimum(client.deadline()));
  }

  /** Makes a call until it is answered, or nobody has answered for too long. */
  private <T> T once(Function<Channel, T> call) {
    Metadata headers = new Metadata();
    headers.put(IDEMPOTENCY_KEY, "import-" + run + "-" + sent++);
    Function<Channel, T> keyed = channel -> call.apply(ChangeCommand.with(channel, headers));
    Deadline patience = Deadline.after(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    while (true) {
      try {
        return client.changeOnce(keyed);
      } catch (CallFailedException e) {
        if (!isWorthATry(e) || patience.isExpired() || client.deadline().isExpired()) {
          throw e;
        }
        client.preferAnother();
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private static boolean isWorthATry(CallFailedException failure) {
    return switch (failure.code()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED -> true;
      default -> false;
    };
  }
}
