package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.chaos.check.CheckNames;
import dev.assetmanagerd.clustertests.chaos.check.EnoughCheck;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.HistoryWriter;
import dev.assetmanagerd.clustertests.chaos.nemesis.Effects;
import dev.assetmanagerd.clustertests.chaos.nemesis.Nemesis;
import dev.assetmanagerd.clustertests.chaos.nemesis.Scene;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Does harm for as long as a run is to last, and on until enough has happened, three times as long
 * at most.
 */
final class Harm {
  private static final Duration PAUSE_LEAST = Duration.ofMillis(500);
  private static final Duration PAUSE_MOST = Duration.ofSeconds(3);
  private static final int LONGER_MAX = 3;
  private static final long LOOK_MILLIS = 100;

  private final ChaosOptions options;
  private final LongSupplier nanoClock;

  Harm(ChaosOptions options, LongSupplier nanoClock) {
    this.options = options;
    this.nanoClock = nanoClock;
  }

  /** One nemesis after the other; each undoes what it has done. Ends with the first that fails. */
  Verdict to(TestCluster cluster, Scene.Stage stage, HistoryWriter history)
      throws InterruptedException {
    CountDownLatch over = new CountDownLatch(1);
    Scene scene = new Scene(cluster, stage, options.seed(), history, over);
    SplittableRandom random = new SplittableRandom(options.seed());
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    long begin = nanoClock.getAsLong();
    int rounds = 0;
    try {
      var unused =
          timer.scheduleAtFixedRate(
              () -> {
                if (isOver(
                    nanoClock.getAsLong() - begin,
                    options.length().toNanos(),
                    history.faultsEnded())) {
                  over.countDown();
                }
              },
              LOOK_MILLIS,
              LOOK_MILLIS,
              TimeUnit.MILLISECONDS);
      while (!over.await(pause(random), TimeUnit.MILLISECONDS)) {
        List<Nemesis> nemeses = options.scenario().nemeses();
        nemeses.get(random.nextInt(nemeses.size())).round().of(scene);
        rounds++;
      }
      return verdict(rounds, scene.effects());
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception | AssertionError e) {
      return ChaosRun.failed(CheckNames.HARM, e);
    } finally {
      timer.shutdownNow();
    }
  }

  private static Verdict verdict(int rounds, Effects effects) {
    Map<String, String> figures = new TreeMap<>();
    figures.put("rounds", Integer.toString(rounds));
    effects.counts().forEach((what, times) -> figures.put(what, Long.toString(times)));
    return Verdict.of(
        CheckNames.HARM,
        effects.missed().stream().map(what -> new Finding(what, List.of())).toList(),
        figures);
  }

  /** Whether the time is up, or what was added to it since too little had happened. */
  static boolean isOver(long nanos, long lengthNanos, int faultsEnded) {
    return nanos >= lengthNanos
        && (faultsEnded >= EnoughCheck.FAULTS_LEAST || nanos >= LONGER_MAX * lengthNanos);
  }

  private static long pause(SplittableRandom random) {
    return random.nextLong(PAUSE_LEAST.toMillis(), PAUSE_MOST.toMillis());
  }
}
