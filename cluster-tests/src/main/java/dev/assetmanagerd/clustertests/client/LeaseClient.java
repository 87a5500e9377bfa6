package dev.assetmanagerd.clustertests.client;

import java.time.Duration;

/**
 * The lease calls of one node, over one protocol. Thread-safe; calls block and end within their
 * timeout.
 */
public interface LeaseClient {
  /** Takes a lease and returns its id. */
  String acquire(String assetId, String acquiredBy, Duration timeout) throws CallFailedException;

  /** Takes a lease once, however often it is asked for under one key, and returns its id. */
  String acquireOnce(String key, String assetId, String acquiredBy, Duration timeout)
      throws CallFailedException;

  /** Gives a lease back. */
  void release(String leaseId, Duration timeout) throws CallFailedException;

  /** The asset's number of leases, read linearizably. */
  int referenceCount(String assetId, Duration timeout) throws CallFailedException;
}
