package dev.assetmanagerd.clustertests.chaos.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Numbers for the leases and contents of one asset, and what is known of each lease. */
final class LeaseTable {
  /** When a lease that does not end by itself does. */
  static final long NEVER = Long.MAX_VALUE;

  private static final class Lease {
    private final String name;
    private long endsFrom = NEVER;
    private long mayBeGoneFrom = NEVER;
    private long goneBy = NEVER;
    private int releases;
    private int refusals;
    private boolean surelyReleased;
    private long renewedUntil = Long.MIN_VALUE;
    private boolean named;

    private Lease(String name) {
      this.name = name;
    }
  }

  private final Map<String, Integer> numbers = new HashMap<>();
  private final List<Lease> leases = new ArrayList<>();
  private final Map<String, Integer> contents = new HashMap<>();
  private final List<String> contentNames = new ArrayList<>();
  private boolean deletedByForce;

  int lease(String name) {
    return numbers.computeIfAbsent(
        name,
        id -> {
          leases.add(new Lease(id));
          return leases.size() - 1;
        });
  }

  int content(String name) {
    return name.isEmpty()
        ? AssetOperation.ANY
        : contents.computeIfAbsent(
            name,
            text -> {
              contentNames.add(text);
              return contentNames.size() - 1;
            });
  }

  /** From then on a lease may end by itself: in nanoseconds since the run began. */
  void endsFrom(int lease, long nanos) {
    leases.get(lease).endsFrom = nanos;
  }

  long endsFrom(int lease) {
    return leases.get(lease).endsFrom;
  }

  /** A call releases a lease. */
  void released(int lease) {
    leases.get(lease).releases++;
    leases.get(lease).surelyReleased = true;
  }

  /** A call may release a lease, from a moment on. */
  void perhapsReleased(int lease, long nanos) {
    Lease of = leases.get(lease);
    of.releases++;
    of.mayBeGoneFrom = Math.min(of.mayBeGoneFrom, nanos);
  }

  /** A lease was there at some time before a moment, for it was renewed. */
  void renewed(int lease, long returnNanos) {
    Lease of = leases.get(lease);
    of.renewedUntil = Math.max(of.renewedUntil, returnNanos);
  }

  /** A call ends a lease if it is there yet, and it counts as released then. */
  void closed(int lease) {
    leases.get(lease).releases++;
  }

  /** A lease that ended by itself was gone before a moment, for it could not be released. */
  void releaseRefused(int lease, long returnNanos) {
    Lease of = leases.get(lease);
    of.refusals++;
    of.goneBy = Math.min(of.goneBy, returnNanos);
  }

  /** An answer says something else that depends on whether a lease is there. */
  void named(int lease) {
    leases.get(lease).named = true;
  }

  /** Whether a call released it, so that it cannot have ended before by itself. */
  boolean isSurelyReleased(int lease) {
    return leases.get(lease).surelyReleased;
  }

  /**
   * From then on a lease may be gone, be it that its time has passed or that a release of unknown
   * outcome took effect.
   */
  long mayBeGoneFrom(int lease) {
    return Math.min(leases.get(lease).endsFrom, leases.get(lease).mayBeGoneFrom);
  }

  /** Before then a lease was gone, as answers say that there is none. */
  long goneBy(int lease) {
    return leases.get(lease).goneBy;
  }

  /**
   * Whether, once a lease may be gone, no answer depends on whether it is, but by the number of
   * leases; or says that it is gone. Of several such leases it makes little difference which are.
   */
  boolean isOneOfMany(int lease) {
    Lease of = leases.get(lease);
    return !of.named
        && !of.surelyReleased
        && (of.releases == 0 || of.releases + of.refusals == 1)
        && of.renewedUntil < mayBeGoneFrom(lease);
  }

  /** A call may delete the asset together with its leases. */
  void deletedByForce() {
    deletedByForce = true;
  }

  /** Whether leases may have been ended before their time. */
  boolean mayHaveBeenDeletedByForce() {
    return deletedByForce;
  }

  /** Whether it matters later that a lease has been released. */
  boolean isReleasedRepeatedly(int lease) {
    return leases.get(lease).releases + leases.get(lease).refusals > 1;
  }

  String leaseName(int lease) {
    return lease == AssetOperation.NAMELESS ? "of unknown id" : leases.get(lease).name;
  }

  String contentName(int content) {
    return content == AssetOperation.ANY ? "any content" : contentNames.get(content);
  }
}
