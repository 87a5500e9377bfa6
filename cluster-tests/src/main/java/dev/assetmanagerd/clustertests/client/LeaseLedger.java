package dev.assetmanagerd.clustertests.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one client was promised about one asset. Written by one loop, read when it has ended.
 *
 * <p>The number of leases on the asset must lie between those it knows it holds, and those plus the
 * acquires of which it does not know what became.
 */
public final class LeaseLedger {
  private final String assetId;
  private final List<String> held = new ArrayList<>();
  private final List<String> violations = new ArrayList<>();
  private final Map<String, Integer> failures = new TreeMap<>();
  private final Map<String, String> examples = new TreeMap<>();
  private long acknowledged;
  private int unknownAcquires;
  private long slowestNanos;

  LeaseLedger(String assetId) {
    this.assetId = assetId;
  }

  /** The asset that only this client leases. */
  public String assetId() {
    return assetId;
  }

  /** Leases that were granted and not given back. */
  public List<String> held() {
    return List.copyOf(held);
  }

  /** Acquires that failed in a way that leaves open whether they took effect. */
  public int unknownAcquires() {
    return unknownAcquires;
  }

  /** Acknowledged calls. */
  public long acknowledged() {
    return acknowledged;
  }

  /** Promises that were broken; empty when all is well. */
  public List<String> violations() {
    return List.copyOf(violations);
  }

  /** Failed calls by code, those of unknown outcome apart. */
  public Map<String, Integer> failures() {
    return Map.copyOf(failures);
  }

  /** One message of each kind of failure, for a person. */
  public Map<String, String> examples() {
    return Map.copyOf(examples);
  }

  /** The longest that any call took to end. */
  public Duration slowestCall() {
    return Duration.ofNanos(slowestNanos);
  }

  void held(String leaseId) {
    held.add(leaseId);
  }

  void unknownAcquire() {
    unknownAcquires++;
  }

  void acknowledged(long nanos) {
    acknowledged++;
    slowestNanos = Math.max(slowestNanos, nanos);
  }

  void failed(CallFailedException failure, long nanos) {
    String kind = failure.code() + (failure.mayHaveTakenEffect() ? ", outcome unknown" : "");
    failures.merge(kind, 1, Integer::sum);
    examples.putIfAbsent(kind, failure.serverMessage());
    slowestNanos = Math.max(slowestNanos, nanos);
  }

  void violated(String what) {
    violations.add(assetId + ": " + what);
  }

  @Override
  public String toString() {
    return assetId
        + ": acknowledged "
        + acknowledged
        + ", held "
        + held.size()
        + ", unknown acquires "
        + unknownAcquires
        + ", failures "
        + failures
        + ", slowest call "
        + slowestCall().toMillis()
        + " ms";
  }
}
