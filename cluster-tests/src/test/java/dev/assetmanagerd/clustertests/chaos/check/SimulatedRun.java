package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.LongFunction;

/**
 * Clients of a {@link SimulatedRegistry}, in simulated time: calls overlap, some get lost before or
 * after they took effect, or take it long after.
 */
final class SimulatedRun {
  private static final long MILLI = 1_000_000;
  private static final int HELD_MAX = 6;

  /**
   * What a run is like.
   *
   * @param lostPerMille calls of a thousand whose outcome nobody is told
   * @param ttlMillis of leases that have an end
   * @param lateMillis how late a call may take effect of which the answer was lost
   */
  record Settings(
      int clients, int assets, int calls, int lostPerMille, long ttlMillis, long lateMillis) {}

  private record Held(String asset, String lease, boolean mortal) {}

  private static final class Client {
    private final int process;
    private final Deque<Held> held = new ArrayDeque<>();

    private Client(int process) {
      this.process = process;
    }
  }

  /** Something that takes effect at a moment; of a late one nobody waits for the answer. */
  private record Step(Client client, long invoke, long moment, boolean late, Action action) {}

  private final SplittableRandom random;
  private final SimulatedRegistry registry;
  private final List<String> assets = new ArrayList<>();
  private final PriorityQueue<Step> steps =
      new PriorityQueue<>(Comparator.comparingLong(Step::moment));
  private final List<Call> calls = new ArrayList<>();
  private final Settings settings;
  private int started;

  private SimulatedRun(long seed, Settings settings, SimulatedRegistry.Bug bug) {
    this.random = new SplittableRandom(seed);
    this.registry = new SimulatedRegistry(bug, random.split());
    this.settings = settings;
    for (int i = 0; i < settings.assets(); i++) {
      assets.add("asset-" + i);
    }
  }

  /** Runs. */
  static History of(long seed, Settings settings, SimulatedRegistry.Bug bug) {
    SimulatedRun run = new SimulatedRun(seed, settings, bug);
    for (int i = 0; i < settings.clients(); i++) {
      run.next(new Client(i), i);
    }
    while (!run.steps.isEmpty()) {
      run.take(run.steps.remove());
    }
    return History.of(run.calls);
  }

  private void next(Client client, long now) {
    long invoke = now + random.nextLong(2 * MILLI);
    long moment = invoke + random.nextLong(8 * MILLI);
    steps.add(new Step(client, invoke, moment, false, choose(client)));
  }

  private void take(Step step) {
    boolean lost = random.nextInt(1000) < settings.lostPerMille();
    boolean lateOrNever = lost && !step.late() && random.nextBoolean();
    if (lateOrNever && random.nextBoolean()) {
      long moment = step.moment() + random.nextLong(settings.lateMillis() * MILLI);
      steps.add(new Step(step.client(), step.invoke(), moment, true, step.action()));
    }
    long end = step.moment() + random.nextLong(8 * MILLI);
    if (step.late()) {
      step.action().take(0, step.invoke(), step.moment(), end, true);
      return;
    }
    Call call =
        lateOrNever
            ? lost(step, end)
            : step.action().take(calls.size() + 1, step.invoke(), step.moment(), end, lost);
    calls.add(call);
    if (started++ < settings.calls()) {
      next(step.client(), end);
    }
  }

  private Call lost(Step step, long end) {
    return step.action().describe(calls.size() + 1, step.invoke(), end);
  }

  /** What a client does next. */
  private static final class Action {
    private final Client client;
    private final Kind kind;
    private final String asset;
    private final Input input;
    private final LongFunction<Outcome> effect;

    private Action(
        Client client, Kind kind, String asset, Input input, LongFunction<Outcome> effect) {
      this.client = client;
      this.kind = kind;
      this.asset = asset;
      this.input = input;
      this.effect = effect;
    }

    private Call describe(long sequence, long invoke, long end) {
      return call(sequence, invoke, end, new Outcome.Unknown("unavailable", ""));
    }

    private Call take(long sequence, long invoke, long moment, long end, boolean lost) {
      Outcome outcome = effect.apply(moment);
      if (lost) {
        return describe(sequence, invoke, end);
      }
      if (outcome instanceof Outcome.Ok ok) {
        ok.value()
            .leases()
            .forEach((id, lease) -> client.held.add(new Held(id, lease, input.ttlMillis() > 0)));
      }
      return call(sequence, invoke, end, outcome);
    }

    private Call call(long sequence, long invoke, long end, Outcome outcome) {
      return new Call(
          client.process,
          sequence,
          kind,
          List.of(asset),
          input,
          "",
          outcome,
          invoke,
          end,
          List.of("n1"),
          0);
    }
  }

  private Action choose(Client client) {
    String asset = assets.get(random.nextInt(assets.size()));
    int choice = random.nextInt(100);
    if (choice < 25) {
      return action(client, Kind.GET, asset, Input.NONE, now -> get(asset, now));
    } else if (choice < 30) {
      return action(client, Kind.REGISTER, asset, Input.NONE, now -> register(asset, now));
    } else if (choice < 34) {
      boolean force = random.nextInt(4) == 0;
      Input input = force ? Input.NONE.byForce() : Input.NONE;
      return action(client, Kind.DELETE, asset, input, now -> delete(asset, force, now));
    } else if (client.held.isEmpty() || (choice < 64 && client.held.size() < HELD_MAX)) {
      long ttl = random.nextInt(3) == 0 ? settings.ttlMillis() : 0;
      Input input = Input.NONE.withTtlMillis(ttl);
      return action(client, Kind.ACQUIRE, asset, input, now -> acquire(asset, ttl, now));
    }
    Held held = client.held.remove();
    Input input = Input.NONE.withLeases(List.of(held.lease()));
    if (held.mortal() && choice < 80) {
      client.held.add(held);
      return action(
          client,
          Kind.RENEW,
          held.asset(),
          input.withTtlMillis(settings.ttlMillis()),
          now -> renew(held, now));
    } else if (held.mortal() && choice < 90) {
      return action(client, Kind.GET, asset, Input.NONE, now -> get(asset, now)); // forgotten
    }
    return action(client, Kind.RELEASE, held.asset(), input, now -> release(held, now));
  }

  private Action action(
      Client client, Kind kind, String asset, Input input, LongFunction<Outcome> effect) {
    return new Action(client, kind, asset, input, effect);
  }

  private static Outcome notFound() {
    return new Outcome.Fail("not_found", "");
  }

  private Outcome get(String asset, long now) {
    int references = registry.get(asset, now);
    return references == SimulatedRegistry.ABSENT
        ? notFound()
        : new Outcome.Ok(Value.of(Seen.available(asset, references, "")));
  }

  private Outcome register(String asset, long now) {
    return new Outcome.Ok(Value.of(Seen.available(asset, registry.register(asset, now), "")));
  }

  private Outcome delete(String asset, boolean force, long now) {
    int references = registry.delete(asset, force, now);
    return references == SimulatedRegistry.ABSENT
        ? notFound()
        : new Outcome.Ok(
            references == 0 ? Value.wasDeleted() : Value.stillLeased(asset, references));
  }

  private Outcome acquire(String asset, long ttlMillis, long now) {
    String lease = registry.acquire(asset, ttlMillis * MILLI, now);
    return lease.isEmpty()
        ? notFound()
        : new Outcome.Ok(
            Value.granted(Seen.available(asset, registry.references(asset, now), ""), lease));
  }

  private Outcome release(Held held, long now) {
    return registry.release(held.asset(), held.lease(), now)
        ? new Outcome.Ok(Value.DONE)
        : notFound();
  }

  private Outcome renew(Held held, long now) {
    boolean found = registry.renew(held.asset(), held.lease(), settings.ttlMillis() * MILLI, now);
    return new Outcome.Ok(Value.renewed(found ? List.of() : List.of(held.lease())));
  }
}
