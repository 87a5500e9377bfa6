package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import java.util.List;
import java.util.Set;

/**
 * What all clients of a workload share.
 *
 * @param anchors assets whose blobs are always there, in the order of the catalogue's
 * @param book is told of all leases; those that may end without their holder's doing it has only as
 *     asked for
 * @param closedSessions that clients have closed, and were told so; thread-safe
 */
record Ground(
    WorkloadOptions options,
    Catalogue catalogue,
    List<Asset> anchors,
    LeaseBook book,
    LeaseStopwatch stopwatch,
    Violations violations,
    Set<String> closedSessions) {
  Ground {
    anchors = List.copyOf(anchors);
  }
}
