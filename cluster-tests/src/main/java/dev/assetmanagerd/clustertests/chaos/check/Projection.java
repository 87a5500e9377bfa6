package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Acquire;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Conflict;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Delete;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.DeleteMissing;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.DeleteRefused;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.End;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.EndAny;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Missing;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Present;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Register;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Release;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.ReleaseRefused;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Renew;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.RenewRefused;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Unavailable;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Splits a history by assets. Of a call on several assets each gets its part; that the parts took
 * effect together is not looked at. What a call says of no asset for certain is left out.
 */
final class Projection {
  private static final String NOT_FOUND = "not_found";

  private record UnansweredRelease(AssetHistory asset, int lease, Call call) {}

  private final Map<String, AssetHistory> assets = new LinkedHashMap<>();
  private final List<UnansweredRelease> unanswered = new ArrayList<>();
  private final LeaseFacts leases;

  private Projection(LeaseFacts leases) {
    this.leases = leases;
  }

  /** The histories of all assets that are named in one. */
  static Collection<AssetHistory> of(History history) {
    List<Call> calls = KeyedCalls.merged(history.calls());
    Projection projection = new Projection(LeaseFacts.of(calls));
    projection.declareLeases();
    calls.forEach(projection::project);
    projection.letUnansweredReleasesBe();
    projection.letLeasesEnd();
    return projection.assets.values();
  }

  private void declareLeases() {
    leases
        .all()
        .forEach(
            (lease, fact) -> {
              LeaseTable table = asset(fact.asset()).table();
              table.endsFrom(table.lease(lease), fact.endsFromNanos());
            });
  }

  private void letLeasesEnd() {
    leases
        .all()
        .forEach(
            (lease, fact) ->
                asset(fact.asset())
                    .mayEnd(
                        asset(fact.asset()).table().lease(lease),
                        leases.grants(lease).get(0).call().sequence()));
  }

  private AssetHistory asset(String id) {
    return assets.computeIfAbsent(id, AssetHistory::new);
  }

  private void project(Call call) {
    switch (call.kind()) {
      case REGISTER, UPLOAD -> register(call);
      case ACQUIRE -> acquire(call);
      case RENEW -> renew(call);
      case RELEASE -> release(call);
      case DELETE -> delete(call);
      case COLLECT -> collect(call);
      case PREPARE -> prepare(call);
      case CLOSE_SESSION -> closeSession(call);
      case GET, LIST, QUERY -> read(call);
      case OPEN_SESSION, KEEP_SESSION -> {} // LeaseFacts has looked at them
    }
  }

  private void register(Call call) {
    Optional<Seen> seen = call.value().flatMap(value -> value.seen().stream().findFirst());
    if (seen.isPresent()) {
      AssetHistory asset = asset(seen.get().asset());
      String content =
          seen.get().content().isEmpty() ? call.input().content() : seen.get().content();
      done(asset, new Register(asset.table().content(content), seen.get().references()), call);
    } else if (call.failedWith("already_exists") && call.assets().size() == 1) {
      AssetHistory asset = asset(call.assets().get(0));
      done(asset, new Conflict(asset.table().content(call.input().content())), call);
    }
    for (String id : call.assets()) {
      AssetHistory asset = asset(id);
      int content = asset.table().content(call.input().content());
      perhaps(asset, new Register(content, AssetOperation.ANY), call);
    }
  }

  private void acquire(Call call) {
    call.value().ifPresent(value -> granted(call, value));
    for (String id : call.assets()) {
      for (int i = 0; i < unansweredEffects(call); i++) {
        unanswered(asset(id), call, i, call.input().ttlMillis());
      }
    }
    // With a session it may be the session that is not found, or full.
    if (call.assets().size() == 1 && call.input().session().isEmpty()) {
      AssetHistory asset = asset(call.assets().get(0));
      if (call.failedWith(NOT_FOUND)) {
        done(asset, new Missing(), call);
      } else if (call.failedWith("failed_precondition")) {
        done(asset, new Unavailable(), call);
      }
    }
  }

  private void granted(Call call, Value value) {
    value
        .leases()
        .forEach(
            (id, lease) -> {
              AssetHistory asset = asset(id);
              int references =
                  value.seen().stream()
                      .filter(seen -> seen.asset().equals(id))
                      .mapToInt(Seen::references)
                      .findFirst()
                      .orElse(AssetOperation.ANY);
              done(asset, new Acquire(asset.table().lease(lease), references), call);
            });
  }

  /** A lease that nobody was told of: named after its call if it has an end. */
  private static void unanswered(AssetHistory asset, Call call, int number, long ttlMillis) {
    if (ttlMillis == 0 && call.input().session().isEmpty()) {
      asset.perhaps(
          new Acquire(AssetOperation.NAMELESS, AssetOperation.ANY),
          call.invokeNanos(),
          call.sequence());
      return;
    }
    asset.perhaps(passing(asset, call, number, ttlMillis), call.invokeNanos(), call.sequence());
  }

  /** A lease that ends some time after {@code lifeMillis}, and that nobody speaks of. */
  private static Acquire passing(AssetHistory asset, Call call, int number, long lifeMillis) {
    int lease = asset.table().lease("of call %d (%d)".formatted(call.sequence(), number));
    long lifeNanos = lifeMillis * 1_000_000;
    asset.table().endsFrom(lease, call.invokeNanos() + lifeNanos);
    asset.perhaps(new End(lease), call.invokeNanos() + lifeNanos, call.sequence());
    return new Acquire(lease, AssetOperation.ANY, lifeNanos);
  }

  private void renew(Call call) {
    Optional<Value> value = call.value();
    if (value.isEmpty()) {
      return;
    }
    for (String id : call.input().leases()) {
      Optional<LeaseFacts.Fact> fact = leases.of(id);
      if (fact.isPresent()) {
        AssetHistory asset = asset(fact.get().asset());
        int lease = asset.table().lease(id);
        boolean refused = value.get().notFound().contains(id);
        if (!refused) {
          asset.table().renewed(lease, call.returnNanos());
        } else if (call.returnNanos() < asset.table().endsFrom(lease)) {
          asset.table().named(lease);
        }
        done(asset, refused ? new RenewRefused(lease, call.returnNanos()) : new Renew(lease), call);
      }
    }
  }

  private void release(Call call) {
    for (String id : call.input().leases()) {
      Optional<LeaseFacts.Fact> fact = leases.of(id);
      if (fact.isEmpty()) {
        continue; // of a lease whose grant nobody recorded, nothing can be said
      }
      AssetHistory asset = asset(fact.get().asset());
      int lease = asset.table().lease(id);
      if (call.isOk()) {
        asset.table().released(lease);
        int references =
            call.value().flatMap(value -> value.seen().stream().findFirst()).stream()
                .mapToInt(Seen::references)
                .findFirst()
                .orElse(AssetOperation.ANY);
        done(asset, new Release(lease, references), call);
      } else if (call.failedWith(NOT_FOUND)) {
        asset.table().releaseRefused(lease, call.returnNanos());
        done(asset, new ReleaseRefused(lease), call);
      } else if (call.isUnknown()) {
        asset.table().perhapsReleased(lease, call.invokeNanos());
        unanswered.add(new UnansweredRelease(asset, lease, call));
      }
    }
  }

  /** Where nobody speaks of the lease again, it is enough that it {@link AssetHistory#mayEnd}. */
  private void letUnansweredReleasesBe() {
    for (UnansweredRelease release : unanswered) {
      if (!release.asset().table().isOneOfMany(release.lease())) {
        release
            .asset()
            .perhaps(
                new Release(release.lease(), AssetOperation.ANY),
                release.call().invokeNanos(),
                release.call().sequence());
      }
    }
  }

  private void delete(Call call) {
    for (String id : call.assets()) {
      AssetHistory asset = asset(id);
      if (call.input().force()) {
        asset.table().deletedByForce();
      }
      if (call.failedWith(NOT_FOUND)) {
        done(asset, new DeleteMissing(), call);
      } else if (call.value().filter(Value::deleted).isPresent()) {
        done(asset, new Delete(call.input().force()), call);
      } else if (call.isOk()) {
        int references =
            call.value().stream()
                .flatMap(value -> value.seen().stream())
                .mapToInt(Seen::references)
                .findFirst()
                .orElse(AssetOperation.ANY);
        done(asset, new DeleteRefused(references, call.returnNanos()), call);
      }
      perhaps(asset, new Delete(call.input().force()), call);
    }
  }

  private void collect(Call call) {
    call.value()
        .ifPresent(
            value ->
                value.seen().forEach(seen -> done(asset(seen.asset()), new Delete(false), call)));
    call.assets().forEach(id -> perhaps(asset(id), new Delete(false), call));
  }

  /** While it works, a node has leases of its own, of which some are left when it fails. */
  private void prepare(Call call) {
    call.value().ifPresent(value -> granted(call, value));
    int attempts = Math.max(1, call.nodes().size());
    for (String id : call.assets()) {
      AssetHistory asset = asset(id);
      for (int i = 0; i < attempts; i++) {
        Acquire working = passing(asset, call, i, 0);
        if (i == 0 && call.isOk()) {
          done(asset, working, call);
        } else {
          asset.perhaps(working, call.invokeNanos(), call.sequence());
        }
      }
      for (int i = 0; i < unansweredEffects(call) && keeps(call); i++) {
        unanswered(asset, call, attempts + i, call.input().ttlMillis());
      }
    }
  }

  private static boolean keeps(Call call) {
    return call.input().ttlMillis() > 0 || !call.input().session().isEmpty();
  }

  private void closeSession(Call call) {
    for (String id : leases.ofSession(call.input().session())) {
      AssetHistory asset = asset(leases.of(id).orElseThrow().asset());
      int lease = asset.table().lease(id);
      asset.table().named(lease);
      if (!(call.outcome() instanceof Outcome.Fail)) {
        asset.table().closed(lease);
      }
      if (call.isOk()) {
        done(asset, new EndAny(lease), call);
      } else {
        perhaps(asset, new EndAny(lease), call);
      }
    }
  }

  private void read(Call call) {
    if (call.input().relaxed()) {
      return;
    }
    Set<String> answered = new HashSet<>();
    for (Seen seen : call.value().map(Value::seen).orElse(List.of())) {
      AssetHistory asset = asset(seen.asset());
      answered.add(seen.asset());
      done(asset, new Present(asset.table().content(seen.content()), seen.references()), call);
    }
    boolean missing =
        call.kind() == Kind.GET
            ? call.failedWith(NOT_FOUND)
            : call.value().filter(Value::complete).isPresent();
    if (missing) {
      call.assets().stream()
          .filter(id -> !answered.contains(id))
          .forEach(id -> done(asset(id), new Missing(), call));
    }
  }

  private static void done(AssetHistory asset, AssetOperation operation, Call call) {
    asset.done(operation, call.invokeNanos(), call.returnNanos(), call.sequence());
  }

  /** Once for each attempt whose effect nobody was told of. */
  private static void perhaps(AssetHistory asset, AssetOperation operation, Call call) {
    for (int i = 0; i < unansweredEffects(call); i++) {
      asset.perhaps(operation, call.invokeNanos(), call.sequence());
    }
  }

  /** Without a key each attempt takes effect by itself. */
  private static int unansweredEffects(Call call) {
    if (call.outcome() instanceof Outcome.Fail) {
      return 0;
    }
    if (!call.key().isEmpty()) {
      return call.isUnknown() ? 1 : 0;
    }
    return call.doubtful() + (call.isUnknown() ? 1 : 0);
  }
}
