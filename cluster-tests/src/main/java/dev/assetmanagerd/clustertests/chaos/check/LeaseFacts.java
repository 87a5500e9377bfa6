package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a history says of every lease that was granted in it: on which asset, and from when on it
 * may end by itself.
 *
 * <p>A time to live counts from some moment after its call was invoked, so a lease may end no
 * sooner than its time after that. Where a renewal follows another that has returned, only the
 * later one counts; of others any may have been the last. A renewal of unknown outcome may have
 * been the last at any time. A lease that was renewed with success had not ended before.
 */
final class LeaseFacts {
  /**
   * A lease.
   *
   * @param endsFromNanos {@link LeaseTable#NEVER} where it does not end by itself
   */
  record Fact(String asset, long endsFromNanos) {}

  /**
   * A call that may have set the time of a lease anew.
   *
   * @param ttlMillis the least that it may have set; 0 = for ever
   * @param ttlMillisMost the most; 0 = for ever
   */
  record Grant(Call call, long ttlMillis, long ttlMillisMost) {
    long endsFrom() {
      return ttlMillis == 0 ? LeaseTable.NEVER : call.invokeNanos() + ttlMillis * 1_000_000;
    }
  }

  private final Map<String, String> assets = new HashMap<>();
  private final Map<String, List<Grant>> grants = new HashMap<>();
  private final Map<String, String> sessionOf = new HashMap<>();
  private final Map<String, List<Call>> sessions = new HashMap<>();
  private final Map<String, List<String>> leasesOfSession = new HashMap<>();
  private final Map<String, Fact> facts = new HashMap<>();

  private LeaseFacts() {}

  /** All leases of a history. */
  static LeaseFacts of(List<Call> calls) {
    LeaseFacts facts = new LeaseFacts();
    calls.forEach(facts::noteGranted);
    calls.forEach(facts::noteKept);
    facts.assets.forEach(
        (lease, asset) -> facts.facts.put(lease, new Fact(asset, facts.endsFrom(lease))));
    return facts;
  }

  /** What is known of a lease; empty for one that was not granted in the history. */
  Optional<Fact> of(String lease) {
    return Optional.ofNullable(facts.get(lease));
  }

  /** Leases that were granted with a session. */
  List<String> ofSession(String session) {
    return leasesOfSession.getOrDefault(session, List.of());
  }

  /** Calls that granted or renewed a lease, or may have, in the order they were invoked. */
  List<Grant> grants(String lease) {
    return grants.getOrDefault(lease, List.of());
  }

  /** Whether a lease lives with a session. */
  boolean isOfSession(String lease) {
    return sessionOf.containsKey(lease);
  }

  /** All leases. */
  Map<String, Fact> all() {
    return facts;
  }

  private void noteGranted(Call call) {
    call.value()
        .ifPresent(
            value ->
                value
                    .leases()
                    .forEach(
                        (asset, lease) -> {
                          assets.putIfAbsent(lease, asset);
                          note(
                              lease,
                              new Grant(call, call.input().ttlMillis(), call.input().ttlMillis()));
                          noteSession(lease, call.input());
                        }));
  }

  private void noteSession(String lease, Input input) {
    if (!input.session().isEmpty()) {
      sessionOf.put(lease, input.session());
      leasesOfSession.computeIfAbsent(input.session(), none -> new ArrayList<>()).add(lease);
    }
  }

  private void noteKept(Call call) {
    if (call.outcome() instanceof Outcome.Fail) {
      return;
    }
    if (call.kind() == Kind.RENEW) {
      for (String lease : call.input().leases()) {
        boolean refused =
            call.value().filter(value -> value.notFound().contains(lease)).isPresent();
        if (assets.containsKey(lease) && !refused) {
          noteRenewal(lease, call);
        }
      }
    } else if (call.kind() == Kind.OPEN_SESSION || call.kind() == Kind.KEEP_SESSION) {
      sessions.computeIfAbsent(call.input().session(), none -> new ArrayList<>()).add(call);
    }
  }

  /** Without a time of its own a renewal has the lease's: one of those that it ever had. */
  private void noteRenewal(String lease, Call call) {
    long ttl = call.input().ttlMillis();
    if (ttl > 0) {
      note(lease, new Grant(call, ttl, ttl));
      return;
    }
    List<Grant> before = grants(lease);
    long least =
        before.stream().mapToLong(Grant::ttlMillis).filter(each -> each > 0).min().orElse(0);
    boolean perhapsForEver = before.stream().anyMatch(grant -> grant.ttlMillisMost() == 0);
    long most =
        perhapsForEver ? 0 : before.stream().mapToLong(Grant::ttlMillisMost).max().orElse(0);
    note(lease, new Grant(call, least, most));
  }

  private void note(String lease, Grant grant) {
    grants.computeIfAbsent(lease, none -> new ArrayList<>()).add(grant);
  }

  private long endsFrom(String lease) {
    String session = sessionOf.get(lease);
    return session == null ? endsFrom(grants(lease)) : sessionEndsFrom(session, lease);
  }

  private static long endsFrom(List<Grant> grants) {
    long latest =
        grants.stream()
            .filter(grant -> grant.call().isOk())
            .mapToLong(grant -> grant.call().invokeNanos())
            .max()
            .orElseThrow();
    long earliest =
        grants.stream()
            .filter(grant -> grant.call().isUnknown() || grant.call().returnNanos() > latest)
            .mapToLong(Grant::endsFrom)
            .min()
            .orElse(latest);
    return Math.max(latest, earliest);
  }

  /** A session that is opened again may be another, in which the leases are not any more. */
  private long sessionEndsFrom(String session, String lease) {
    Call granted = grants(lease).get(0).call();
    List<Call> keeping = sessions.getOrDefault(session, List.of());
    long openedAgain =
        keeping.stream()
            .filter(call -> call.kind() == Kind.OPEN_SESSION)
            .mapToLong(Call::invokeNanos)
            .filter(invoke -> invoke > granted.invokeNanos())
            .min()
            .orElse(LeaseTable.NEVER);
    long life =
        keeping.stream()
            .filter(call -> call.kind() == Kind.OPEN_SESSION)
            .mapToLong(call -> call.input().ttlMillis())
            .min()
            .orElse(0);
    long lastKept =
        keeping.stream()
            .filter(call -> call.isOk() && call.returnNanos() <= openedAgain)
            .mapToLong(Call::invokeNanos)
            .max()
            .orElse(granted.invokeNanos());
    return Math.max(granted.invokeNanos(), lastKept + life * 1_000_000);
  }
}
