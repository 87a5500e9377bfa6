package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * No acknowledged write is lost: what was acknowledged, and that nothing else can have undone, is
 * there at the end. Where a call of unknown outcome may have undone it, nothing is said.
 */
public final class LostWritesCheck implements HistoryCheck {
  private final FinalState state;

  /** A check against what was found in the end, by whatever way. */
  public LostWritesCheck(FinalState state) {
    this.state = state;
  }

  /** The writes on one asset that have taken effect, or may have. */
  private static final class Writes {
    private final List<Call> registers = new ArrayList<>();
    private final List<Call> deletes = new ArrayList<>();

    private boolean mayHaveBeenDeletedByForce() {
      return deletes.stream().anyMatch(call -> call.input().force());
    }
  }

  private final class Comparison {
    private final Map<String, Writes> writes = new HashMap<>();
    private final Set<String> mayBeReleased = new HashSet<>();
    private final Map<String, Call> surelyReleased = new HashMap<>();
    private final Set<String> mortal = new HashSet<>();
    private final List<Finding> findings = new ArrayList<>();
    private long promises;

    private void note(Call call) {
      if (call.outcome() instanceof Outcome.Fail) {
        return;
      }
      switch (call.kind()) {
        case REGISTER, UPLOAD -> named(call).forEach(id -> writes(id).registers.add(call));
        case DELETE -> {
          if (call.isUnknown() || call.value().filter(Value::deleted).isPresent()) {
            named(call).forEach(id -> writes(id).deletes.add(call));
          }
        }
        case COLLECT -> taken(call).forEach(id -> writes(id).deletes.add(call));
        case RELEASE -> {
          mayBeReleased.addAll(call.input().leases());
          if (call.isOk()) {
            call.input().leases().forEach(lease -> surelyReleased.put(lease, call));
          }
        }
        case RENEW -> {
          if (call.input().ttlMillis() > 0) {
            mortal.addAll(call.input().leases());
          }
        }
        default -> {}
      }
    }

    /** The answer says which; without one it may be any that the call might have taken. */
    private static Set<String> taken(Call call) {
      Set<String> ids = new HashSet<>(call.isOk() ? List.of() : call.assets());
      call.value().ifPresent(value -> value.seen().forEach(seen -> ids.add(seen.asset())));
      return ids;
    }

    private Set<String> named(Call call) {
      Set<String> ids = new HashSet<>(call.assets());
      call.value().ifPresent(value -> value.seen().forEach(seen -> ids.add(seen.asset())));
      return ids;
    }

    private Writes writes(String asset) {
      return writes.computeIfAbsent(asset, none -> new Writes());
    }

    private void compareAsset(String id, Writes of) {
      Seen found = state.assets().get(id);
      for (Call register : of.registers) {
        if (register.isOk() && allBefore(of.deletes, register)) {
          promises++;
          if (found == null) {
            lost("asset " + id + " was registered and is gone", register);
          }
        }
      }
      for (Call delete : of.deletes) {
        if (delete.isOk() && allBefore(of.registers, delete)) {
          promises++;
          if (found != null) {
            lost("asset " + id + " was deleted and is there", delete);
          }
        }
      }
    }

    private void compareLeases(Call call) {
      call.value()
          .map(Value::leases)
          .orElse(Map.of())
          .forEach(
              (asset, lease) -> {
                boolean forEver =
                    call.input().ttlMillis() == 0
                        && call.input().session().isEmpty()
                        && !mortal.contains(lease)
                        && !mayBeReleased.contains(lease)
                        && !writes(asset).mayHaveBeenDeletedByForce();
                promises += forEver ? 1 : 0;
                if (forEver && !state.leases().contains(lease)) {
                  lost("lease " + lease + " was granted and is gone", call);
                }
              });
    }

    private void compareReleased(String lease, Call release) {
      promises++;
      if (state.leases().contains(lease)) {
        lost("lease " + lease + " was released and is there", release);
      }
    }

    private void lost(String what, Call call) {
      findings.add(new Finding(what + ": " + call.inWords(), List.of(call.sequence())));
    }
  }

  /** Whether all have surely taken their effect, if any, before a call. */
  private static boolean allBefore(List<Call> others, Call call) {
    return others.stream()
        .allMatch(other -> other.isOk() && other.returnNanos() < call.invokeNanos());
  }

  @Override
  public Verdict check(History history) {
    List<Call> calls = KeyedCalls.merged(history.calls());
    Comparison comparison = new Comparison();
    calls.forEach(comparison::note);
    new HashMap<>(comparison.writes).forEach(comparison::compareAsset);
    calls.stream()
        .filter(call -> call.kind() == Kind.ACQUIRE || call.kind() == Kind.PREPARE)
        .forEach(comparison::compareLeases);
    comparison.surelyReleased.forEach(comparison::compareReleased);
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("writes compared with the end", Long.toString(comparison.promises));
    figures.put("assets in the end", Integer.toString(state.assets().size()));
    figures.put("leases in the end", Integer.toString(state.leases().size()));
    return Verdict.of(CheckNames.LOST_WRITES, comparison.findings, figures);
  }
}
