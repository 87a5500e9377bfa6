package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Linearization.Attempt;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Result;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The history of each asset is linearizable: every answer is one that a registry would give that
 * does one thing at a time. Assets are searched side by side, each on one thread.
 */
public final class LinearizabilityCheck implements HistoryCheck {
  private static final int FINDINGS_MAX = 10;
  private static final int PREFIX_SHOWN = 12;
  private static final int STUCK_SHOWN = 8;

  private final Budget budget;
  private final int threads;

  /** A check within a budget, on as many threads as there are processors. */
  public LinearizabilityCheck(Budget budget) {
    this(budget, Runtime.getRuntime().availableProcessors());
  }

  LinearizabilityCheck(Budget budget, int threads) {
    this.budget = budget;
    this.threads = threads;
  }

  private record Searched(AssetHistory asset, Linearization<AssetOperation> linearization) {}

  @Override
  public Verdict check(History history) {
    long begin = System.nanoTime();
    Collection<AssetHistory> assets = Projection.of(history);
    List<Searched> results = search(assets, begin + budget.time().toNanos());
    Map<Long, Call> calls = new HashMap<>();
    history.calls().forEach(call -> calls.put(call.sequence(), call));
    List<Finding> broken = new ArrayList<>();
    List<Finding> undecided = new ArrayList<>();
    for (Searched result : results) {
      if (result.linearization() instanceof Linearization.Violation<AssetOperation> violation) {
        broken.add(finding("is not linearizable", result.asset(), violation.attempt(), calls));
      } else if (result.linearization()
          instanceof Linearization.Undecided<AssetOperation> unknown) {
        undecided.add(finding(unknown.why(), result.asset(), unknown.attempt(), calls));
      }
    }
    Result result =
        !broken.isEmpty() ? Result.BROKEN : undecided.isEmpty() ? Result.KEPT : Result.UNDECIDED;
    Map<String, String> figures = figures(assets, Duration.ofNanos(System.nanoTime() - begin));
    figures.put("assets not linearizable", Integer.toString(broken.size()));
    figures.put("assets undecided", Integer.toString(undecided.size()));
    broken.addAll(undecided);
    return new Verdict(
        CheckNames.LINEARIZABLE,
        result,
        broken.subList(0, Math.min(FINDINGS_MAX, broken.size())),
        figures);
  }

  private static Map<String, String> figures(Collection<AssetHistory> assets, Duration took) {
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("assets", Integer.toString(assets.size()));
    figures.put(
        "operations", Long.toString(assets.stream().mapToLong(a -> a.operations().size()).sum()));
    figures.put(
        "operations of the busiest asset",
        Long.toString(assets.stream().mapToLong(a -> a.operations().size()).max().orElse(0)));
    figures.put("checked in", took.toMillis() + " ms");
    return figures;
  }

  private List<Searched> search(Collection<AssetHistory> assets, long deadline) {
    Budget each = new Budget(budget.time(), budget.bytes() / threads);
    ExecutorService pool =
        Executors.newFixedThreadPool(
            threads,
            task -> {
              Thread thread = new Thread(task, "linearizability");
              thread.setDaemon(true);
              return thread;
            });
    try {
      List<Future<Searched>> futures = new ArrayList<>();
      assets.stream()
          .sorted(Comparator.comparingInt((AssetHistory a) -> a.operations().size()).reversed())
          .forEach(asset -> futures.add(pool.submit(() -> search(asset, deadline, each))));
      List<Searched> results = new ArrayList<>();
      for (Future<Searched> future : futures) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      throw new IllegalStateException("the search itself failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } finally {
      pool.shutdownNow();
    }
  }

  private static Searched search(AssetHistory asset, long deadline, Budget budget) {
    return new Searched(
        asset,
        new LinearizabilityChecker<>(new AssetModel(asset.table()))
            .check(asset.operations(), deadline, budget));
  }

  private static Finding finding(
      String what, AssetHistory asset, Attempt<AssetOperation> attempt, Map<Long, Call> calls) {
    AssetModel model = new AssetModel(asset.table());
    StringBuilder text = new StringBuilder("asset " + asset.asset() + ": " + what + "\n");
    List<Operation<AssetOperation>> prefix = attempt.prefix();
    int skipped = Math.max(0, prefix.size() - PREFIX_SHOWN);
    text.append("  ").append(prefix.size()).append(" of ").append(asset.operations().size());
    text.append(" operations can be put in order; the last of them:\n");
    prefix
        .subList(skipped, prefix.size())
        .forEach(operation -> line(text, model, operation, calls));
    text.append("  then the asset is ")
        .append(attempt.state())
        .append(", and next would be one of\n");
    List<Operation<AssetOperation>> stuck =
        attempt.stuck().subList(0, Math.min(STUCK_SHOWN, attempt.stuck().size()));
    stuck.forEach(operation -> line(text, model, operation, calls));
    List<Long> numbers = new ArrayList<>();
    stuck.forEach(operation -> numbers.add(operation.call()));
    return new Finding(text.toString().stripTrailing(), numbers);
  }

  private static void line(
      StringBuilder text,
      AssetModel model,
      Operation<AssetOperation> operation,
      Map<Long, Call> calls) {
    Call call = calls.get(operation.call());
    text.append("    ").append(model.inWords(operation.input())).append("  <- ");
    text.append(call == null ? "#" + operation.call() : call.inWords()).append('\n');
  }
}
