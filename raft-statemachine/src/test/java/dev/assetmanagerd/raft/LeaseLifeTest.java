package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryView;
import dev.assetmanagerd.registry.RegistryWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How long leases live by a stopwatch, in a simulated cluster: leaders come, pause and go, their
 * wall clocks step, and entries get into the log in another order than they were stamped in.
 */
@Timeout(120)
class LeaseLifeTest {
  private static final long LOOK = 100;
  private static final long TICK = ClusterClock.TICK_MILLIS;
  private static final int LOOKS = 6_000;

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void noLeaseEndsEarlyAndNoneLaterThanPromised(long seed) {
    try (var world = new World(directory.resolve("db"), seed)) {
      for (int i = 0; i < LOOKS; i++) {
        world.pass();
      }
      System.out.printf(
          "seed %d: %d leases ended in %d s, the latest %d ms after its time; %d leaders%n",
          seed, world.ended, world.now / 1000, world.latest, world.term);
      assertThat(world.ended).as("leases that ended").isGreaterThan(50);
      assertThat(world.term).as("terms").isGreaterThan(5);
    }
  }

  /** A lease from when it was asked for; how long there was nobody to move the clock till then. */
  private record Held(String id, long ttl, long since, long away, long terms) {}

  private record Stamped(LogEntry entry, @Nullable CompletableFuture<ProposeResponse> reply) {}

  private static final class World implements AutoCloseable {
    private final RegistryDatabase database;
    private final Random random;
    private final long seed;
    private final long[] wall = new long[3];
    private final List<Stamper> nodes = new ArrayList<>();
    private final List<Stamped> stamped = new ArrayList<>();
    private final Map<String, Held> asked = new HashMap<>();
    private final List<Held> held = new ArrayList<>();
    private LeaseExpiry expiry;
    private int leader;
    private long now;
    private long term = 1;
    private long idleUntil;
    private long away;
    private long index;
    private int leases;
    private int ended;
    private long latest;

    World(Path file, long seed) {
      this.database = RegistryDatabase.open(file);
      this.seed = seed;
      this.random = new Random(seed);
      for (int i = 0; i < wall.length; i++) {
        int node = i;
        long offset = random.nextLong() / 4;
        nodes.add(
            new Stamper(
                () -> 1_700_000_000_000L + now + wall[node],
                () -> TimeUnit.MILLISECONDS.toNanos(now) + offset,
                new Ulids(new Random(i))));
      }
      expiry = newExpiry();
      stamp(List.of(TestCommands.register("a")), null);
      commit();
    }

    private LeaseExpiry newExpiry() {
      return new LeaseExpiry(() -> true, database::read, this::append);
    }

    void pass() {
      now += LOOK;
      if (now < idleUntil) {
        away += LOOK;
        return;
      }
      if (random.nextInt(50) == 0) {
        wall[random.nextInt(wall.length)] += random.nextInt(20_000_000) - 10_000_000;
      }
      act();
      commit();
      observe();
      int event = random.nextInt(300);
      if (event == 0) {
        // Paused, and nobody noticed.
        idleUntil = now + random.nextInt(4_000);
      } else if (event <= 2) {
        elect();
      }
    }

    /** What was stamped and not committed is lost. */
    private void elect() {
      act();
      stamped.clear();
      idleUntil = now + random.nextInt(5_000);
      term++;
      leader = random.nextInt(nodes.size());
      expiry = newExpiry();
    }

    private void act() {
      if (nodes.get(leader).millisSinceLast(term) >= TICK
          && database.read(RegistryView::hasDeadlines)) {
        stamp(List.of(), null);
      }
      expiry.look();
      if (random.nextInt(40) == 0) {
        long ttl = 1L + random.nextInt(20);
        String id = "lease-" + leases++;
        Command.Builder acquire = TestCommands.acquire("a", ttl).toBuilder();
        acquire.getAcquireAssetBuilder().setLeaseId(id);
        stamp(List.of(acquire.build()), null);
        asked.put(id, new Held(id, ttl * 1000, now, away, term));
      }
      // Stamped together with the lease, or alone, and in any order.
      now += random.nextInt(20);
      for (int i = random.nextInt(60) == 0 ? 3 : 0; i > 0; i--) {
        stamp(List.of(), null);
        now += random.nextInt(10);
      }
    }

    private CompletableFuture<ProposeResponse> append(List<Command> commands) {
      var reply = new CompletableFuture<ProposeResponse>();
      stamp(commands, reply);
      return reply;
    }

    private void stamp(List<Command> commands, @Nullable CompletableFuture<ProposeResponse> reply) {
      stamped.add(new Stamped(nodes.get(leader).stamp(commands, term), reply));
    }

    private void commit() {
      while (!stamped.isEmpty()) {
        List<Stamped> batch = new ArrayList<>(stamped);
        stamped.clear();
        Collections.shuffle(batch, random);
        batch.forEach(this::apply);
      }
    }

    private void apply(Stamped proposal) {
      RegistryWriter writer = database.writer();
      writer.begin();
      List<Outcome> outcomes = writer.apply(proposal.entry());
      writer.commit(new LogPosition(term, index++));
      assertThat(database.<Long>read(RegistryView::clusterTimeMillis))
          .as("cluster clock of seed %d", seed)
          .isLessThanOrEqualTo(now);
      for (Outcome outcome : outcomes) {
        if (outcome.hasLeaseGranted()) {
          held.add(Objects.requireNonNull(asked.get(outcome.getLeaseGranted().getLeaseId())));
        }
      }
      if (proposal.reply() != null) {
        proposal.reply().complete(ProposeResponse.newBuilder().addAllOutcomes(outcomes).build());
      }
    }

    private void observe() {
      expiry.look();
      commit();
      for (Iterator<Held> left = held.iterator(); left.hasNext(); ) {
        Held lease = left.next();
        if (database.read(view -> view.lease(lease.id())).isPresent()) {
          continue;
        }
        left.remove();
        end(lease);
      }
      assertThat(database.<Integer>read(RegistryView::expiredLeases))
          .as("leases that the leader has left over")
          .isZero();
    }

    private void end(Held lease) {
      long life = now - lease.since();
      long lost = (1 + term - lease.terms()) * (TICK + 2 * LOOK);
      assertThat(life)
          .as("life of %s of seed %d, now %d", lease, seed, now)
          .isBetween(lease.ttl(), lease.ttl() + away - lease.away() + lost + 2 * LOOK);
      latest = Math.max(latest, life - lease.ttl() - (away - lease.away()));
      ended++;
    }

    @Override
    public void close() {
      database.close();
    }
  }
}
