package dev.assetmanagerd.clustertests.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Acquire;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Delete;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.DeleteMissing;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.DeleteRefused;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.End;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Missing;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Present;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Register;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Release;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.ReleaseRefused;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The search finds exactly what trying every order finds. */
final class LinearizabilityCheckerTest {
  private static final int HISTORIES = 6000;
  private static final int OPERATIONS_MAX = 8;
  private static final long TIME_MAX = 12;

  /** A number that is written and read. */
  private static final class NumberModel implements Model<Integer, NumberModel.Access> {
    record Access(boolean isWrite, int number) {}

    @Override
    public Integer initial() {
      return 0;
    }

    @Override
    public @Nullable Integer step(Integer state, Access operation) {
      return operation.isWrite()
          ? Integer.valueOf(operation.number())
          : state == operation.number() ? state : null;
    }

    @Override
    public boolean isRead(Access operation) {
      return !operation.isWrite();
    }

    @Override
    public String describe(Integer state) {
      return state.toString();
    }

    @Override
    public int sizeOf(Integer state) {
      return 16;
    }

    static Access any(SplittableRandom random) {
      return new Access(random.nextBoolean(), random.nextInt(3));
    }
  }

  private static AssetModel assetModel() {
    LeaseTable table = new LeaseTable();
    for (int i = 0; i < 3; i++) {
      int lease = table.lease("l" + i);
      table.endsFrom(lease, 5);
      table.named(lease);
      for (int released = 0; released < i; released++) {
        table.closed(lease); // the last one repeatedly
      }
    }
    return new AssetModel(table);
  }

  private static AssetOperation anyOfAsset(SplittableRandom random) {
    int lease = random.nextInt(3);
    int references = random.nextInt(4) - 1;
    return switch (random.nextInt(14)) {
      case 0, 1, 2 -> new Register(random.nextInt(2) - 1, AssetOperation.ANY);
      case 3, 4, 5 -> new Acquire(lease, references);
      case 6 -> new Acquire(AssetOperation.NAMELESS, AssetOperation.ANY);
      case 7 -> new Release(lease, references);
      case 8 -> new ReleaseRefused(lease);
      case 9 -> new End(lease);
      case 10 -> new Delete(random.nextInt(3) == 0);
      case 11 -> random.nextBoolean() ? new DeleteRefused(references, 6) : new DeleteMissing();
      case 12 -> new Missing();
      default -> new Present(AssetOperation.ANY, references);
    };
  }

  private static <I> List<Operation<I>> anyHistory(
      SplittableRandom random, Function<SplittableRandom, I> any) {
    List<Operation<I>> history = new ArrayList<>();
    int count = 1 + random.nextInt(OPERATIONS_MAX);
    for (int i = 0; i < count; i++) {
      long invoke = random.nextLong(TIME_MAX);
      history.add(
          random.nextInt(4) == 0
              ? Operation.perhaps(any.apply(random), invoke, i)
              : Operation.done(any.apply(random), invoke, invoke + random.nextLong(6), i));
    }
    return history;
  }

  /** Most random histories are wrong, so some are made right in the beginning at least. */
  private static <S, I> List<Operation<I>> plausibleHistory(
      Model<S, I> model, SplittableRandom random, Function<SplittableRandom, I> any) {
    List<Operation<I>> history = new ArrayList<>();
    S state = model.initial();
    for (int moment = 0; history.size() < OPERATIONS_MAX && moment < 100; moment++) {
      I input = any.apply(random);
      S after = model.step(state, input);
      if (after == null && random.nextInt(60) != 0) {
        continue;
      }
      boolean happens = after != null && random.nextInt(10) != 0;
      state = happens && after != null ? after : state;
      long time = 10L * history.size() + 40;
      long invoke = time - random.nextLong(40);
      history.add(
          happens && random.nextInt(5) != 0
              ? Operation.done(input, invoke, time + random.nextLong(40), history.size())
              : Operation.perhaps(input, invoke, history.size()));
    }
    return history;
  }

  private static <S, I> boolean found(Model<S, I> model, List<Operation<I>> history) {
    Linearization<I> answer = new LinearizabilityChecker<>(model).check(history, Budget.USUAL);
    if (answer instanceof Linearization.Found<I> found) {
      assertExplains(model, history, found.order());
      return true;
    }
    assertThat(answer).as("%s", history).isInstanceOf(Linearization.Violation.class);
    return false;
  }

  /** The order that was found really is one. */
  private static <S, I> void assertExplains(
      Model<S, I> model, List<Operation<I>> history, List<Operation<I>> order) {
    S state = model.initial();
    long latestInvoke = Long.MIN_VALUE;
    for (Operation<I> operation : order) {
      latestInvoke = Math.max(latestInvoke, operation.invokeNanos());
      assertThat(operation.returnNanos()).as("%s", order).isGreaterThanOrEqualTo(latestInvoke);
      S after = model.step(state, operation.input());
      assertThat(after).as("%s in %s", operation, order).isNotNull();
      state = java.util.Objects.requireNonNull(after);
    }
    Set<Long> placed = new HashSet<>();
    order.forEach(operation -> placed.add(operation.call()));
    assertThat(placed).as("%s", order).hasSameSizeAs(order);
    assertThat(history.stream().filter(o -> !o.optional()).map(Operation::call))
        .as("%s", order)
        .isSubsetOf(placed);
  }

  private static <S, I> int compare(Model<S, I> model, Function<SplittableRandom, I> any) {
    long first = System.nanoTime();
    int linearizable = 0;
    for (long seed = first; seed < first + HISTORIES; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<Operation<I>> history =
          seed % 2 == 0 ? anyHistory(random, any) : plausibleHistory(model, random, any);
      boolean expected = BruteForce.isLinearizable(model, history);
      linearizable += expected ? 1 : 0;
      assertThat(found(model, history)).as("seed %d: %s", seed, history).isEqualTo(expected);
    }
    System.out.printf(
        "%s: seeds from %d, %d of %d linearizable%n",
        model.getClass().getSimpleName(), first, linearizable, HISTORIES);
    return linearizable;
  }

  @Test
  void theSearchAgreesWithTryingEveryOrderOfWritesAndReadsOfANumber() {
    int linearizable = compare(new NumberModel(), NumberModel::any);
    assertThat(linearizable).isBetween(HISTORIES / 10, HISTORIES * 9 / 10);
  }

  @Test
  void theSearchAgreesWithTryingEveryOrderOfWhatHappensToAnAsset() {
    int linearizable = compare(assetModel(), LinearizabilityCheckerTest::anyOfAsset);
    assertThat(linearizable).isBetween(HISTORIES / 10, HISTORIES * 9 / 10);
  }
}
