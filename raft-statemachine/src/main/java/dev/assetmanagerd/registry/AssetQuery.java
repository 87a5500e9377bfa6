package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What to list. Results come newest first: by {@code created_at}, then by id, both descending.
 *
 * @param type only this type; {@code ASSET_TYPE_UNSPECIFIED} for any
 * @param status only this status; {@code ASSET_STATUS_UNSPECIFIED} for any but DELETING
 * @param labels all of them must match exactly; may be empty
 * @param after continue behind this asset; null for the first page
 * @param limit at most this many, 1 or more
 */
public record AssetQuery(
    AssetType type,
    AssetStatus status,
    Map<String, String> labels,
    @Nullable AssetCursor after,
    int limit) {
  public AssetQuery {
    labels = Map.copyOf(labels);
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be 1 or more: " + limit);
    }
  }
}
