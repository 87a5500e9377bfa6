package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.LeaseFacts.Grant;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A lease lives for its time at least, and at most for that plus the time without a leader plus two
 * ticks. Judged by what its holder was told: that it is gone, too early; or that it is renewed,
 * when it ought to have been gone. Where a moment is known only to lie within a call, the one is
 * taken that is in the cluster's favour.
 */
public final class LeaseLifeCheck implements HistoryCheck {
  private static final Duration TICKS = Duration.ofSeconds(2);

  @Override
  public Verdict check(History history) {
    return new Comparison(history).verdict();
  }

  private static final class Comparison {
    private final List<Call> calls;
    private final LeaseFacts leases;
    private final Leaderless leaderless;
    private final Map<String, Long> releasedFrom = new HashMap<>();
    private final Map<String, Long> forcedFrom = new HashMap<>();
    private final List<Finding> findings = new ArrayList<>();
    private long mortal;
    private long toldGone;
    private long toldAlive;

    private Comparison(History history) {
      calls = KeyedCalls.merged(history.calls());
      leases = LeaseFacts.of(calls);
      leaderless = Leaderless.of(history);
      calls.forEach(this::noteEnds);
    }

    private void noteEnds(Call call) {
      if (call.outcome() instanceof Outcome.Fail) {
        return;
      }
      if (call.kind() == Kind.RELEASE) {
        call.input().leases().forEach(lease -> earliest(releasedFrom, lease, call));
      } else if (call.kind() == Kind.CLOSE_SESSION) {
        leases
            .ofSession(call.input().session())
            .forEach(lease -> earliest(releasedFrom, lease, call));
      } else if (call.kind() == Kind.DELETE && call.input().force()) {
        call.assets().forEach(asset -> earliest(forcedFrom, asset, call));
      }
    }

    private static void earliest(Map<String, Long> times, String what, Call call) {
      times.merge(what, call.invokeNanos(), Math::min);
    }

    private Verdict verdict() {
      mortal =
          leases.all().values().stream()
              .filter(fact -> fact.endsFromNanos() != LeaseTable.NEVER)
              .count();
      for (Call call : calls) {
        if (call.kind() == Kind.RENEW) {
          call.value().ifPresent(value -> renewed(call, value));
        } else if (call.kind() == Kind.RELEASE && call.failedWith("not_found")) {
          call.input().leases().forEach(lease -> gone(lease, call));
        }
      }
      Map<String, String> figures = new LinkedHashMap<>();
      figures.put("leases", Integer.toString(leases.all().size()));
      figures.put("leases with an end", Long.toString(mortal));
      figures.put("answers that one is gone", Long.toString(toldGone));
      figures.put("answers that one lives", Long.toString(toldAlive));
      return Verdict.of(CheckNames.LEASE_LIFE, findings, figures);
    }

    private void renewed(Call call, Value value) {
      for (String lease : call.input().leases()) {
        if (value.notFound().contains(lease)) {
          gone(lease, call);
        } else {
          alive(lease, call);
        }
      }
    }

    private void gone(String lease, Call call) {
      leases
          .of(lease)
          .ifPresent(
              fact -> {
                toldGone++;
                boolean ended =
                    releasedFrom.getOrDefault(lease, LeaseTable.NEVER) <= call.returnNanos()
                        || forcedFrom.getOrDefault(fact.asset(), LeaseTable.NEVER)
                            <= call.returnNanos();
                if (!ended && call.returnNanos() < fact.endsFromNanos()) {
                  findings.add(early(lease, fact.endsFromNanos(), call));
                }
              });
    }

    private Finding early(String lease, long endsFrom, Call call) {
      Call granted = leases.grants(lease).get(0).call();
      String by =
          endsFrom == LeaseTable.NEVER
              ? "has no end and is gone"
              : "was gone %s before its time".formatted(s(endsFrom - call.returnNanos()));
      return new Finding(
          "lease %s %s\n  %s\n  %s".formatted(lease, by, granted.inWords(), call.inWords()),
          List.of(granted.sequence(), call.sequence()));
    }

    private void alive(String lease, Call call) {
      List<Grant> before =
          leases.grants(lease).stream()
              .filter(grant -> grant.call().invokeNanos() < call.invokeNanos())
              .toList();
      boolean endIsKnown =
          before.stream().allMatch(grant -> grant.ttlMillisMost() > 0 && grant.call().isOk());
      if (before.isEmpty() || !endIsKnown || leases.isOfSession(lease)) {
        return;
      }
      toldAlive++;
      for (Grant grant : before) {
        long latest = grant.call().returnNanos();
        long end = latest + grant.ttlMillisMost() * 1_000_000 + TICKS.toNanos();
        // Only where it matters is it worth a look at the whole history.
        if (end >= call.invokeNanos()
            || end + leaderless.nanos(latest, call.invokeNanos()) >= call.invokeNanos()) {
          return;
        }
      }
      Call granted = before.get(before.size() - 1).call();
      findings.add(
          new Finding(
              "lease %s was alive after its time\n  %s\n  %s"
                  .formatted(lease, granted.inWords(), call.inWords()),
              List.of(granted.sequence(), call.sequence())));
    }

    private static String s(long nanos) {
      return String.format(Locale.ROOT, "%.3f s", nanos / 1e9);
    }
  }
}
