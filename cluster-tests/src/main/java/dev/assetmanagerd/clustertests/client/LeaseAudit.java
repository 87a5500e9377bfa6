package dev.assetmanagerd.clustertests.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Compares what clients were promised with what a quiet cluster has. */
public final class LeaseAudit {
  private static final Duration CALL_MAX = Duration.ofSeconds(20);

  private LeaseAudit() {}

  /**
   * Checks every promise and gives all leases back that the clients know of.
   *
   * @return every promise that was broken; empty when all were kept
   */
  public static List<String> check(LeaseClient client, List<LeaseLedger> ledgers) {
    List<String> broken = new ArrayList<>();
    Set<String> leases = new HashSet<>();
    for (LeaseLedger ledger : ledgers) {
      broken.addAll(ledger.violations());
      for (String lease : ledger.held()) {
        if (!leases.add(lease)) {
          broken.add("lease " + lease + " was granted twice");
        }
      }
      try {
        checkOne(client, ledger, broken);
      } catch (CallFailedException e) {
        broken.add(ledger.assetId() + ": the audit itself failed: " + e.getMessage());
      }
    }
    return broken;
  }

  /** For a person. */
  public static String summary(List<LeaseLedger> ledgers) {
    Map<String, Integer> failures = new TreeMap<>();
    Map<String, String> examples = new TreeMap<>();
    long acknowledged = 0;
    int held = 0;
    int unknown = 0;
    Duration slowest = Duration.ZERO;
    for (LeaseLedger ledger : ledgers) {
      ledger.failures().forEach((code, count) -> failures.merge(code, count, Integer::sum));
      examples.putAll(ledger.examples());
      acknowledged += ledger.acknowledged();
      held += ledger.held().size();
      unknown += ledger.unknownAcquires();
      slowest = slowest.compareTo(ledger.slowestCall()) < 0 ? ledger.slowestCall() : slowest;
    }
    return ledgers.size()
        + " clients: "
        + acknowledged
        + " calls acknowledged, "
        + held
        + " leases kept, "
        + unknown
        + " calls of unknown outcome, failures "
        + failures
        + ", slowest call "
        + slowest.toMillis()
        + " ms; examples "
        + examples;
  }

  private static void checkOne(LeaseClient client, LeaseLedger ledger, List<String> broken)
      throws CallFailedException {
    String asset = ledger.assetId();
    int before = client.referenceCount(asset, CALL_MAX);
    int least = ledger.held().size();
    int most = least + ledger.unknownAcquires();
    if (before < least || before > most) {
      broken.add(asset + " has " + before + " leases; promised are " + least + " to " + most);
    }
    for (String lease : ledger.held()) {
      release(client, lease, broken, asset + ": kept lease " + lease + " cannot be released: ");
      // Succeeds as well, and must change nothing: the count below tells.
      release(client, lease, broken, asset + ": lease " + lease + " cannot be released again: ");
    }
    int after = client.referenceCount(asset, CALL_MAX);
    if (after != before - least) {
      broken.add(
          asset + " has " + after + " leases after " + least + " of " + before + " were released");
    }
  }

  private static void release(
      LeaseClient client, String lease, List<String> broken, String otherwise) {
    try {
      client.release(lease, CALL_MAX);
    } catch (CallFailedException e) {
      broken.add(otherwise + e.getMessage());
    }
  }
}
