package dev.assetmanagerd.clustertests.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.chaos.check.SimulatedRun.Settings;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Result;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Long histories of simulated clusters, right ones and wrong ones. */
final class SimulatedHistoriesTest {
  private static final int RUNS = 8;
  private static final int SMALL_RUNS = 4000;

  private static final Settings SMALL = new Settings(3, 1, 11, 350, 8, 40);

  private final long firstSeed = ThreadLocalRandom.current().nextLong(1L << 40);

  private static Settings usual(int lostPerMille) {
    return new Settings(8, 6, 2500, lostPerMille, 3000, 2000);
  }

  /** As the model without its rules of what can stand in for what. */
  private record PlainModel(AssetModel model) implements Model<AssetState, AssetOperation> {
    @Override
    public AssetState initial() {
      return model.initial();
    }

    @Override
    public @Nullable AssetState step(AssetState state, AssetOperation operation) {
      return model.step(state, operation);
    }

    @Override
    public boolean isRead(AssetOperation operation) {
      return false;
    }

    @Override
    public String describe(AssetState state) {
      return model.describe(state);
    }

    @Override
    public int sizeOf(AssetState state) {
      return model.sizeOf(state);
    }
  }

  @Test
  void whatCanStandInForWhatMakesNoDifferenceToTheAnswer() {
    int right = 0;
    int compared = 0;
    for (long seed = firstSeed; seed < firstSeed + SMALL_RUNS; seed++) {
      SimulatedRegistry.Bug[] bugs = SimulatedRegistry.Bug.values();
      History history =
          spoiled(seed, SimulatedRun.of(seed, SMALL, bugs[(int) (seed % bugs.length)]));
      for (AssetHistory asset : Projection.of(history)) {
        AssetModel model = new AssetModel(asset.table());
        if (asset.operations().stream().filter(Operation::optional).count() <= 7) {
          boolean expected = BruteForce.isLinearizable(new PlainModel(model), asset.operations());
          boolean found =
              new LinearizabilityChecker<>(model).check(asset.operations(), Budget.USUAL)
                  instanceof Linearization.Found;
          assertThat(found).as("seed %d: %s", seed, asset.operations()).isEqualTo(expected);
          right += expected ? 1 : 0;
          compared++;
        }
      }
    }
    System.out.printf("seeds from %d: %d of %d right%n", firstSeed, right, compared);
    assertThat(compared).isGreaterThan(SMALL_RUNS / 2);
    assertThat(right).isBetween(compared / 10, compared * 9 / 10);
  }

  /** Three of four with an answer that is one off. */
  private static History spoiled(long seed, History history) {
    List<Call> counted =
        history.calls().stream()
            .filter(call -> call.value().stream().anyMatch(value -> !value.seen().isEmpty()))
            .toList();
    if (seed % 4 == 0 || counted.isEmpty()) {
      return history;
    }
    SplittableRandom random = new SplittableRandom(seed);
    Call spoiled = counted.get(random.nextInt(counted.size()));
    Seen seen = spoiled.value().orElseThrow().seen().get(0);
    int references = Math.max(0, seen.references() + (random.nextBoolean() ? 1 : -1));
    List<Call> calls = new ArrayList<>(history.calls());
    calls.remove(spoiled);
    calls.add(
        new Call(
            spoiled.process(),
            spoiled.sequence(),
            spoiled.kind(),
            spoiled.assets(),
            spoiled.input(),
            spoiled.key(),
            new Outcome.Ok(
                new Value(
                    List.of(Seen.available(seen.asset(), references, "")),
                    spoiled.value().orElseThrow().leases(),
                    List.of(),
                    false,
                    false)),
            spoiled.invokeNanos(),
            spoiled.returnNanos(),
            spoiled.nodes(),
            0));
    return History.of(calls);
  }

  @ParameterizedTest
  @EnumSource(value = SimulatedRegistry.Bug.class, mode = Mode.EXCLUDE, names = "NONE")
  void aBugThatShowsNowAndThenIsFound(SimulatedRegistry.Bug bug) {
    int found = 0;
    int undecided = 0;
    for (long seed = firstSeed; seed < firstSeed + RUNS; seed++) {
      History history = SimulatedRun.of(seed, usual(5), bug);
      Verdict verdict = check(history);
      found += verdict.result() == Result.BROKEN ? 1 : 0;
      undecided += verdict.result() == Result.UNDECIDED ? 1 : 0;
    }
    System.out.printf(
        "%s: seeds from %d, found in %d of %d runs, %d undecided%n",
        bug, firstSeed, found, RUNS, undecided);
    assertThat(found).as("seeds from %d", firstSeed).isGreaterThan(RUNS / 2);
  }

  @Test
  void aRightHistoryIsAcceptedHoweverManyCallsAreLost() {
    for (int lostPerMille : new int[] {0, 5, 30, 100}) {
      for (long seed = firstSeed; seed < firstSeed + RUNS; seed++) {
        History history = SimulatedRun.of(seed, usual(lostPerMille), SimulatedRegistry.Bug.NONE);
        Verdict verdict = check(history);
        assertThat(verdict.result())
            .as("seed %d, %d lost of 1000: %s", seed, lostPerMille, verdict)
            .isEqualTo(Result.KEPT);
        assertThat(new KeyedRepliesCheck().check(history).findings()).isEmpty();
        assertThat(new LeaseLifeCheck().check(history).findings()).isEmpty();
      }
    }
  }

  private static Verdict check(History history) {
    return new LinearizabilityCheck(new Budget(Duration.ofSeconds(20), 256L << 20)).check(history);
  }

  /** Only a net: what it takes on an idle machine is a second or two. */
  @Test
  @Timeout(120)
  void aHundredThousandCallsOfSixteenClientsAreCheckedInSeconds() {
    History history =
        SimulatedRun.of(
            firstSeed, new Settings(16, 300, 100_000, 5, 3000, 2000), SimulatedRegistry.Bug.NONE);
    Verdict verdict = new LinearizabilityCheck(Budget.USUAL).check(history);
    System.out.println("seed " + firstSeed + ": " + verdict.figures());
    assertThat(verdict.result()).as("seed %d: %s", firstSeed, verdict).isEqualTo(Result.KEPT);
  }

  @Test
  @Timeout(120)
  void aHundredThousandCallsOnAFewAssetsAreCheckedInSeconds() {
    History history =
        SimulatedRun.of(
            firstSeed, new Settings(16, 8, 100_000, 2, 3000, 2000), SimulatedRegistry.Bug.NONE);
    Verdict verdict = new LinearizabilityCheck(Budget.USUAL).check(history);
    System.out.println("seed " + firstSeed + ": " + verdict.figures());
    assertThat(verdict.result()).as("seed %d: %s", firstSeed, verdict).isEqualTo(Result.KEPT);
  }
}
