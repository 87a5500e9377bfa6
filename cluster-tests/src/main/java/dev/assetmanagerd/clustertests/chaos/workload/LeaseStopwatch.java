package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.clustertests.observe.Promise;

/**
 * Is told of leases with a time to live that their holders leave to end by themselves; {@code
 * LeaseWatch::watch} is one. Thread-safe.
 */
@FunctionalInterface
public interface LeaseStopwatch {
  /** Nobody watches. */
  LeaseStopwatch NONE = (leaseId, promise) -> {};

  /**
   * A lease was granted just now.
   *
   * @param promise is told of renewals as they come
   */
  void watch(String leaseId, Promise promise);
}
