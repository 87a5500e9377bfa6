package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.Seen;
import java.util.Map;
import java.util.Set;

/**
 * What a cluster has when all clients are done and all faults are over.
 *
 * @param assets those that can be used, by id
 * @param leases ids of all leases
 */
public record FinalState(Map<String, Seen> assets, Set<String> leases) {
  /** Copies the collections. */
  public FinalState {
    assets = Map.copyOf(assets);
    leases = Set.copyOf(leases);
  }
}
