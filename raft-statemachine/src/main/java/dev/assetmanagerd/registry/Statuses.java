package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a command needs to know of an asset it does not change. */
final class Statuses {
  private static final String STATUS = "SELECT status FROM assets WHERE id = ?";

  private Statuses() {}

  static boolean isAvailable(Sql sql, String assetId) {
    return status(sql, assetId)
        .filter(status -> status == AssetStatus.ASSET_STATUS_AVAILABLE)
        .isPresent();
  }

  /** Why a command that needs this asset AVAILABLE is rejected; null where it is. */
  static @Nullable Outcome notAvailable(Sql sql, String assetId) {
    Optional<AssetStatus> status = status(sql, assetId);
    if (status.isEmpty()) {
      return Outcomes.assetNotFound("asset_id", assetId);
    }
    return status.get() == AssetStatus.ASSET_STATUS_AVAILABLE
        ? null
        : Outcomes.rejected(
            Rule.RULE_ASSET_NOT_AVAILABLE,
            "asset_id",
            "the asset \"" + assetId + "\" is " + status.get() + ", not AVAILABLE");
  }

  private static Optional<AssetStatus> status(Sql sql, String assetId) {
    return sql.first(STATUS, Statuses::fromRow, assetId);
  }

  private static AssetStatus fromRow(Row row) {
    AssetStatus status = AssetStatus.forNumber(row.small(1));
    return status == null ? AssetStatus.UNRECOGNIZED : status;
  }
}
