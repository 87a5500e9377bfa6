package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.FaultEvent;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import java.util.ArrayList;
import java.util.List;

/** A history made by hand, of asset {@code a} unless said otherwise. Times are milliseconds. */
final class Script {
  static final String ASSET = "a";

  private final List<Call> calls = new ArrayList<>();
  private final List<FaultEvent> faults = new ArrayList<>();
  private String key = "";

  /** The next call has an idempotency key. */
  Script key(String nextKey) {
    key = nextKey;
    return this;
  }

  Script call(
      int process, long from, long to, Kind kind, String asset, Input input, Outcome outcome) {
    return call(process, from, to, kind, List.of(asset), input, outcome, 0);
  }

  Script call(
      int process,
      long from,
      long to,
      Kind kind,
      List<String> assets,
      Input input,
      Outcome outcome,
      int doubtful) {
    calls.add(
        new Call(
            process,
            calls.size() + 1,
            kind,
            assets,
            input,
            key,
            outcome,
            from * 1_000_000,
            to * 1_000_000,
            List.of("n1"),
            doubtful));
    key = "";
    return this;
  }

  static Outcome ok(Value value) {
    return new Outcome.Ok(value);
  }

  static Outcome fail(String code) {
    return new Outcome.Fail(code, "");
  }

  static Outcome unknown() {
    return new Outcome.Unknown("unavailable", "");
  }

  Script register(int process, long from, long to) {
    return register(process, from, to, "c1");
  }

  Script register(int process, long from, long to, String content) {
    Seen seen = Seen.available(ASSET, Seen.NOT_SAID, content);
    return call(
        process,
        from,
        to,
        Kind.REGISTER,
        ASSET,
        Input.NONE.withContent(content),
        ok(Value.of(seen)));
  }

  Script acquire(int process, long from, long to, String lease, int references) {
    return acquire(process, from, to, lease, references, 0);
  }

  Script acquire(int process, long from, long to, String lease, int references, long ttlMillis) {
    Value value = Value.granted(Seen.available(ASSET, references, ""), lease);
    return call(
        process, from, to, Kind.ACQUIRE, ASSET, Input.NONE.withTtlMillis(ttlMillis), ok(value));
  }

  Script acquireOfUnknownOutcome(int process, long from, long to) {
    return call(process, from, to, Kind.ACQUIRE, ASSET, Input.NONE, unknown());
  }

  Script release(int process, long from, long to, String lease) {
    return release(process, from, to, lease, ok(Value.DONE));
  }

  Script release(int process, long from, long to, String lease, Outcome outcome) {
    return call(
        process, from, to, Kind.RELEASE, ASSET, Input.NONE.withLeases(List.of(lease)), outcome);
  }

  Script renew(int process, long from, long to, String lease, long ttlMillis, boolean found) {
    return call(
        process,
        from,
        to,
        Kind.RENEW,
        ASSET,
        Input.NONE.withLeases(List.of(lease)).withTtlMillis(ttlMillis),
        ok(Value.renewed(found ? List.of() : List.of(lease))));
  }

  Script delete(int process, long from, long to) {
    return call(process, from, to, Kind.DELETE, ASSET, Input.NONE, ok(Value.wasDeleted()));
  }

  Script deleteByForce(int process, long from, long to) {
    return call(
        process, from, to, Kind.DELETE, ASSET, Input.NONE.byForce(), ok(Value.wasDeleted()));
  }

  Script deleteRefused(int process, long from, long to, int references) {
    Value value = Value.stillLeased(ASSET, references);
    return call(process, from, to, Kind.DELETE, ASSET, Input.NONE, ok(value));
  }

  Script deleteOfUnknownOutcome(int process, long from, long to) {
    return call(process, from, to, Kind.DELETE, ASSET, Input.NONE, unknown());
  }

  Script get(int process, long from, long to, int references) {
    return get(process, from, to, references, "");
  }

  Script get(int process, long from, long to, int references, String content) {
    Value value = Value.of(Seen.available(ASSET, references, content));
    return call(process, from, to, Kind.GET, ASSET, Input.NONE, ok(value));
  }

  Script missing(int process, long from, long to) {
    return call(process, from, to, Kind.GET, ASSET, Input.NONE, fail("not_found"));
  }

  Script fault(long at, boolean begins, boolean quorum) {
    faults.add(new FaultEvent("kill", begins, List.of("n1"), "", quorum, at * 1_000_000));
    return this;
  }

  History history() {
    return new History(calls, faults);
  }

  Verdict linearizable() {
    return new LinearizabilityCheck(Budget.USUAL, 1).check(history());
  }
}
