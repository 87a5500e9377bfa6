package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.api.v1.Asset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Assets that were there a moment ago, for others to use. Thread-safe. */
final class StormPool {
  private static final int ASSETS_KEPT = 16;

  private final List<Asset> assets = new ArrayList<>();

  synchronized void add(Asset asset) {
    if (assets.size() == ASSETS_KEPT) {
      assets.remove(0);
    }
    assets.add(asset);
  }

  synchronized void remove(Asset asset) {
    assets.remove(asset);
  }

  synchronized Optional<Asset> any(RandomGenerator random) {
    return assets.isEmpty()
        ? Optional.empty()
        : Optional.of(assets.get(random.nextInt(assets.size())));
  }
}
