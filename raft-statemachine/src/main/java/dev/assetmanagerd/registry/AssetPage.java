package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a listing.
 *
 * @param assets in listing order
 * @param next where the next page starts; null on the last page
 */
public record AssetPage(List<Asset> assets, @Nullable AssetCursor next) {
  public AssetPage {
    assets = List.copyOf(assets);
  }
}
