package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.GarbageCollectResponse;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.ExpireLeases;
import dev.assetmanagerd.log.v1.LeasesExpired;
import dev.assetmanagerd.log.v1.MarkDeleting;
import io.grpc.Deadline;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One garbage collection on request: ends expired leases, then marks what nobody has used for long
 * enough.
 *
 * <p>What is found by reading is a proposal; whether an asset goes is decided when the mark is
 * applied, where a lease taken meanwhile still saves it. One call takes at most what its response
 * can list; the rest is for the next call, and a dry run stops at the same point.
 */
final class GarbageCollection {
  private static final int LEASES_PER_COMMAND = 1000;
  private static final int ASSETS_PER_COMMAND = 256;

  private final RegistryAccess registry;
  private final AssetServiceOptions options;
  private final Clock clock;

  /**
   * @param clock wall time, to find candidates; the leader's decides
   */
  GarbageCollection(RegistryAccess registry, AssetServiceOptions options, Clock clock) {
    this.registry = registry;
    this.options = options;
    this.clock = clock;
  }

  /** Blocks until it is done, or the deadline is over. */
  GarbageCollectResponse run(CallScope scope, GarbageCollectRequest request) {
    long idleSeconds = AssetRequests.collect(request, options);
    Deadline deadline = registry.deadline();
    if (!request.getDryRun()) {
      expireLeases(scope, deadline);
    }
    if (!request.getDeleteUnreferenced()) {
      return GarbageCollectResponse.getDefaultInstance();
    }
    List<Asset> candidates = candidates(idleSeconds, deadline);
    List<Asset> going =
        request.getDryRun() ? candidates : mark(scope, candidates, idleSeconds, deadline);
    return GarbageCollectResponse.newBuilder()
        .addAllDeletedAssets(going)
        .setBytesFreed(bytesFreed(going, request.getDryRun(), deadline))
        .build();
  }

  private void expireLeases(CallScope scope, Deadline deadline) {
    LeasesExpired expired;
    do {
      Command.Builder command =
          Command.newBuilder()
              .setExpireLeases(ExpireLeases.newBuilder().setLimit(LEASES_PER_COMMAND));
      expired = registry.proposeAndWait(scope, command, deadline).getLeasesExpired();
    } while (expired.getMore());
  }

  private List<Asset> candidates(long idleSeconds, Deadline deadline) {
    // An asset used exactly that long ago is garbage as well, hence the second more.
    long before = clock.instant().getEpochSecond() - idleSeconds + 1;
    return registry.readLinearizableAndWait(
        deadline,
        view -> {
          List<Asset> found = new ArrayList<>();
          long bytes = 0;
          List<Asset> page = view.collectable(before, null, ASSETS_PER_COMMAND);
          while (!page.isEmpty()) {
            for (Asset asset : page) {
              bytes += asset.getSerializedSize();
              if (bytes > AssetReads.MAX_PAGE_BYTES && !found.isEmpty()) {
                return found;
              }
              found.add(asset);
            }
            page = view.collectable(before, page.get(page.size() - 1), ASSETS_PER_COMMAND);
          }
          return found;
        });
  }

  private List<Asset> mark(
      CallScope scope, List<Asset> candidates, long idleSeconds, Deadline deadline) {
    List<Asset> marked = new ArrayList<>();
    for (int from = 0; from < candidates.size(); from += ASSETS_PER_COMMAND) {
      List<Asset> batch =
          candidates.subList(from, Math.min(candidates.size(), from + ASSETS_PER_COMMAND));
      Command.Builder command =
          Command.newBuilder()
              .setMarkDeleting(
                  MarkDeleting.newBuilder()
                      .addAllAssetIds(batch.stream().map(Asset::getId).toList())
                      .setMinIdleSeconds(idleSeconds)
                      .setReason(MarkDeleting.Reason.REASON_GARBAGE));
      marked.addAll(
          registry.proposeAndWait(scope, command, deadline).getDeletionMarked().getMarkedList());
    }
    return marked;
  }

  private record Blob(StorageBackend backend, String location) {}

  /** Bytes of the blobs that really go: each once, and none that a remaining asset refers to. */
  private long bytesFreed(List<Asset> going, boolean stillCounted, Deadline deadline) {
    Map<Blob, List<Asset>> byBlob = new HashMap<>();
    for (Asset asset : going) {
      byBlob
          .computeIfAbsent(
              new Blob(asset.getBackend(), asset.getLocation()), blob -> new ArrayList<>())
          .add(asset);
    }
    return registry.readLinearizableAndWait(
        deadline,
        view ->
            byBlob.entrySet().stream()
                .filter(
                    entry -> {
                      int expected = stillCounted ? entry.getValue().size() : 0;
                      Blob blob = entry.getKey();
                      return view.liveReferences(blob.backend(), blob.location()) == expected;
                    })
                .mapToLong(entry -> entry.getValue().get(0).getSizeBytes())
                .sum());
  }
}
