package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.garbage.v1.ExplainAssetRequest;
import dev.assetmanagerd.garbage.v1.ExplainAssetResponse;
import dev.assetmanagerd.garbage.v1.ExplainAssetResponse.Kind;
import dev.assetmanagerd.garbage.v1.ExplainAssetResponse.Reason;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.registry.BlobRef;
import dev.assetmanagerd.registry.LeaseQuery;
import dev.assetmanagerd.registry.RegistryView;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Says of one asset whether a collection would take it now, and why. Changes nothing. */
final class Explanation {
  private static final int PAGE = 1000;
  private static final int MAX_LEASES = 100_000;

  private final RegistryAccess registry;
  private final AssetServiceOptions options;
  private final Clock clock;

  /**
   * @param clock wall time
   */
  Explanation(RegistryAccess registry, AssetServiceOptions options, Clock clock) {
    this.registry = registry;
    this.options = options;
    this.clock = clock;
  }

  CompletableFuture<ExplainAssetResponse> explain(CallScope scope, ExplainAssetRequest request) {
    String id = Fields.id("asset_id", request.getAssetId());
    long seconds = Fields.seconds("max_age_seconds", request.getMaxAgeSeconds());
    long idleSeconds = seconds == 0 ? options.garbage().maxAge().toSeconds() : seconds;
    return registry.read(scope, registry.deadline(), view -> explain(view, id, idleSeconds));
  }

  private ExplainAssetResponse explain(RegistryView view, String id, long idleSeconds) {
    Asset asset =
        view.asset(id)
            .orElseThrow(
                () -> ApiErrors.notFound("asset_id: there is no asset " + ApiErrors.quoted(id)));
    ExplainAssetResponse.Builder response = ExplainAssetResponse.newBuilder().setAsset(asset);
    if (asset.getStatus() == AssetStatus.ASSET_STATUS_DELETING) {
      return response.addReasons(deleting(view, asset)).build();
    }
    Holding holding = holding(view, id);
    if (holding.count() > 0) {
      response.addReasons(reason(Kind.KIND_LEASED, holding.text()));
    }
    long idle = clock.instant().getEpochSecond() - asset.getLastAccessedAt();
    if (idle < idleSeconds) {
      response.addReasons(reason(Kind.KIND_USED_RECENTLY, usedRecently(asset, idle, idleSeconds)));
    }
    boolean collectable = response.getReasonsCount() == 0;
    if (collectable) {
      response.addReasons(
          reason(
              Kind.KIND_COLLECTABLE,
              "nothing holds it, and nobody used it for %s; it is garbage from %s on"
                  .formatted(Spans.text(idle), Spans.text(idleSeconds))));
    }
    String sharing = sharing(view, asset);
    if (!sharing.isEmpty()) {
      response.addReasons(reason(Kind.KIND_BLOB_SHARED, sharing));
    }
    return response.setCollectable(collectable).build();
  }

  private Reason deleting(RegistryView view, Asset asset) {
    if (asset.getBackend() == StorageBackend.STORAGE_BACKEND_HTTP) {
      return reason(
          Kind.KIND_DELETING,
          "it is being deleted: the leader deletes the record; what is at %s stays"
              .formatted(asset.getLocation()));
    }
    boolean condemned = view.isCondemned(asset.getBackend(), asset.getLocation());
    if (condemned && asset.getBackend() != options.backend()) {
      return reason(
          Kind.KIND_DELETING,
          ("it is being deleted, but its blob %s is in %s and this cluster stores assets in %s: it"
                  + " waits for a leader that is configured for its store")
              .formatted(asset.getLocation(), asset.getBackend(), options.backend()));
    }
    return reason(
        Kind.KIND_DELETING,
        condemned
            ? "it is being deleted: the leader deletes its blob %s, then the record"
                .formatted(asset.getLocation())
            : "it is being deleted: the leader deletes the record; its blob %s stays for others"
                .formatted(asset.getLocation()));
  }

  private static String usedRecently(Asset asset, long idle, long idleSeconds) {
    return "it was last used %s ago, at %s; it is garbage after %s without use, which is in %s, at %s"
        .formatted(
            Spans.text(Math.max(0, idle)),
            Instant.ofEpochSecond(asset.getLastAccessedAt()),
            Spans.text(idleSeconds),
            Spans.text(idleSeconds - idle),
            Instant.ofEpochSecond(asset.getLastAccessedAt() + idleSeconds));
  }

  private static String sharing(RegistryView view, Asset asset) {
    BlobRef blob = SharedBlobs.of(asset);
    int others = SharedBlobs.references(view, blob) - 1;
    if (others > 0) {
      return "its blob %s stays in any case, for %d other %s it"
          .formatted(blob.location(), others, others == 1 ? "asset uses" : "assets use");
    }
    return SharedBlobs.reserved(view, blob)
        ? "its blob %s stays for now, for an upload of the same bytes is under way"
            .formatted(blob.location())
        : "";
  }

  /**
   * The live leases of an asset.
   *
   * @param count how many
   * @param endless how many of them have no end
   * @param lastEndMillis how long the longest of the others lives
   * @param all false: there are more
   */
  private record Holding(int count, int endless, long lastEndMillis, boolean all) {
    String text() {
      String holders =
          (all ? "" : "at least ") + count + (count == 1 ? " lease holds it" : " leases hold it");
      if (endless > 0) {
        return holders
            + "; %d of them %s no end and must be released"
                .formatted(endless, endless == 1 ? "has" : "have");
      }
      return holders
          + "; the last one ends in %s unless it is renewed"
              .formatted(Spans.text((lastEndMillis + 999) / 1000));
    }
  }

  private static Holding holding(RegistryView view, String assetId) {
    int count = 0;
    int endless = 0;
    long lastEnd = 0;
    String afterId = null;
    List<Lease> page;
    do {
      page = view.leases(new LeaseQuery(assetId, null, null, null, afterId, PAGE));
      for (Lease lease : page) {
        count++;
        endless += lease.getExpiresInMillis() == 0 ? 1 : 0;
        lastEnd = Math.max(lastEnd, lease.getExpiresInMillis());
        afterId = lease.getId();
      }
    } while (page.size() == PAGE && count < MAX_LEASES);
    return new Holding(count, endless, lastEnd, page.size() < PAGE);
  }

  private static Reason reason(Kind kind, String message) {
    return Reason.newBuilder().setKind(kind).setMessage(message).build();
  }
}
