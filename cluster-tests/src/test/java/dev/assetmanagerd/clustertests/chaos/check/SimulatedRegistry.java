package dev.assetmanagerd.clustertests.chaos.check;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** A registry that does one thing at a time, right or with a bug; its time is told to it. */
final class SimulatedRegistry {
  /** What is wrong with it. */
  enum Bug {
    NONE,
    /** Some reads are answered from some time ago. */
    STALE_READS,
    /** Some writes are acknowledged and not done. */
    LOST_WRITES,
    /** Some retries are done once more. */
    RETRY_APPLIED_TWICE,
    /** Some leases end before their time. */
    EARLY_EXPIRY,
    /** Some deletions do not look whether there are leases. */
    DELETES_LEASED
  }

  static final int ABSENT = -1;

  private static final int RARELY = 200;
  private static final int LATE_PART = 2; // of the time to live
  private static final long STALE_NANOS = 300_000_000L;

  private record Lease(long expiresAt) {}

  /** One asset; {@code references} as it was some time ago is kept for the stale reads. */
  private static final class Asset {
    private boolean available;
    private final Map<String, Lease> leases = new TreeMap<>();
    private int before = ABSENT;
    private int beforeThat = ABSENT;
    private long changedAt;

    private int references() {
      return available ? leases.size() : ABSENT;
    }

    private void remember(long now) {
      if (now - changedAt > STALE_NANOS) {
        beforeThat = before;
        before = references();
        changedAt = now;
      }
    }
  }

  private final Map<String, Asset> assets = new TreeMap<>();
  private final Set<String> released = new HashSet<>();
  private final SplittableRandom random;
  private final Bug bug;
  private int leaseCount;

  SimulatedRegistry(Bug bug, SplittableRandom random) {
    this.bug = bug;
    this.random = random;
  }

  private boolean misbehaves(Bug possible) {
    // There are not many deletions, and of those few meet a lease.
    return bug == possible && random.nextInt(bug == Bug.DELETES_LEASED ? 4 : RARELY) == 0;
  }

  private Asset asset(String id, long now) {
    Asset asset = assets.computeIfAbsent(id, none -> new Asset());
    asset.remember(now);
    asset.leases.values().removeIf(lease -> lease.expiresAt() <= now);
    if (misbehaves(Bug.EARLY_EXPIRY)) {
      asset.leases.values().removeIf(lease -> lease.expiresAt() != Long.MAX_VALUE);
    }
    return asset;
  }

  /** Number of references, or {@link #ABSENT}. */
  int get(String id, long now) {
    Asset asset = asset(id, now);
    return misbehaves(Bug.STALE_READS) ? asset.beforeThat : asset.references();
  }

  /** Number of references, without any bug of its own. */
  int references(String id, long now) {
    return asset(id, now).references();
  }

  int register(String id, long now) {
    Asset asset = asset(id, now);
    if (!asset.available && !misbehaves(Bug.LOST_WRITES)) {
      asset.available = true;
      asset.leases.clear();
    }
    return Math.max(0, asset.references());
  }

  /**
   * Takes a lease.
   *
   * @param ttlNanos 0 for ever
   * @return its id; empty where there is no such asset
   */
  String acquire(String id, long ttlNanos, long now) {
    Asset asset = asset(id, now);
    if (!asset.available) {
      return "";
    }
    String lease = "l" + ++leaseCount;
    if (!misbehaves(Bug.LOST_WRITES)) {
      long expiresAt =
          ttlNanos == 0
              ? Long.MAX_VALUE
              : now + ttlNanos + random.nextLong(1 + ttlNanos / LATE_PART);
      asset.leases.put(lease, new Lease(expiresAt));
      if (misbehaves(Bug.RETRY_APPLIED_TWICE)) {
        asset.leases.put(lease + "-again", new Lease(expiresAt));
      }
    }
    return lease;
  }

  /** Whether there was such a lease, now or before. */
  boolean release(String id, String lease, long now) {
    Asset asset = asset(id, now);
    if (asset.leases.containsKey(lease)) {
      if (!misbehaves(Bug.LOST_WRITES)) {
        asset.leases.remove(lease);
      }
      released.add(lease);
    }
    return released.contains(lease);
  }

  /** Whether there is such a lease. */
  boolean renew(String id, String lease, long ttlNanos, long now) {
    Asset asset = asset(id, now);
    if (!asset.leases.containsKey(lease)) {
      return false;
    }
    asset.leases.put(lease, new Lease(now + ttlNanos + random.nextLong(1 + ttlNanos / LATE_PART)));
    return true;
  }

  /** 0 where it is deleted, the number of leases where it is not, or {@link #ABSENT}. */
  int delete(String id, boolean force, long now) {
    Asset asset = asset(id, now);
    if (!asset.available) {
      return ABSENT;
    }
    if (!asset.leases.isEmpty() && !force && !misbehaves(Bug.DELETES_LEASED)) {
      return asset.leases.size();
    }
    asset.available = misbehaves(Bug.LOST_WRITES);
    asset.leases.clear();
    return 0;
  }
}
