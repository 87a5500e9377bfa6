package dev.assetmanagerd.registry;

import org.jspecify.annotations.Nullable;

/**
 * Which leases to list, in the order of their ids. Filters combine; null is no filter.
 *
 * @param assetId only leases on this asset
 * @param holder only leases acquired by this one
 * @param sessionId only leases that live with this session
 * @param expiringWithinMillis only leases that end within this time of the cluster clock unless
 *     something is done, by their own end or that of their session
 * @param afterId continue behind this id
 * @param limit at most this many
 */
public record LeaseQuery(
    @Nullable String assetId,
    @Nullable String holder,
    @Nullable String sessionId,
    @Nullable Long expiringWithinMillis,
    @Nullable String afterId,
    int limit) {
  public LeaseQuery {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be 1 or more: " + limit);
    }
  }
}
