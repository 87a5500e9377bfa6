package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.api.v1.QueryAssetsResponse;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.builderd.BuilderdStandIn;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.client.WaitingQueries;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Asks for new images all the time, each at several nodes at once, so that the builder has work;
 * says in the end whether it was ever asked for two builds of one key, and whether there is nothing
 * that cannot be had. Starting and ending belong to one thread.
 */
final class BuildLoad implements AutoCloseable {
  private static final int ASKING = 3;
  private static final long EVERY_MILLIS = 700;
  private static final long BUILD_MILLIS = 500;
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration END_MAX = Duration.ofMinutes(2);

  private final TestCluster cluster;
  private final Optional<BuilderdStandIn> builder;
  private final String run;
  private final List<String> images = new CopyOnWriteArrayList<>();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

  private BuildLoad(TestCluster cluster, Optional<BuilderdStandIn> builder, long seed) {
    this.cluster = cluster;
    this.builder = builder;
    this.run = "chaos-" + seed + "-";
  }

  /** Begins to ask where there is a builder. */
  static BuildLoad start(TestCluster cluster, Optional<BuilderdStandIn> builder, long seed) {
    BuildLoad load = new BuildLoad(cluster, builder, seed);
    builder.ifPresent(load::begin);
    return load;
  }

  private void begin(BuilderdStandIn idle) {
    idle.uploadTo(cluster.nodes());
    idle.behave(now -> now.setDurationMillis(BUILD_MILLIS));
    var unused = timer.scheduleWithFixedDelay(this::ask, 0, EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void ask() {
    String image = run + images.size() + ":1";
    images.add(image);
    // Whether these are answered is not asked: the builder may fail meanwhile.
    var unused =
        WaitingQueries.start(cluster.nodes(), WaitingQueries.forImage(image), ASKING, PATIENCE);
  }

  /** Asks for everything once more when all is well, and for the builder's own books. */
  List<Verdict> stop() {
    timer.shutdownNow();
    return builder.map(this::judge).orElse(List.of());
  }

  private List<Verdict> judge(BuilderdStandIn well) {
    well.behave(
        now ->
            Behaviour.newBuilder()
                .addAllUploadTo(now.getUploadToList())
                .setDurationMillis(BUILD_MILLIS));
    List<Finding> missing = new ArrayList<>();
    long deadline = System.nanoTime() + END_MAX.toNanos();
    for (String image : images) {
      if (!isThere(image, deadline)) {
        missing.add(
            new Finding(image + " cannot be had though builder and cluster are well", List.of()));
      }
    }
    List<Finding> twice =
        well.counts().getKeysList().stream()
            .filter(key -> key.getBuildsAtOnce() > 1)
            .map(key -> new Finding("more than one build at once: " + key, List.of()))
            .toList();
    String counts = images.size() + " images, " + well.counts().getUploads() + " uploads";
    return List.of(
        Verdict.of("one build at a time for each key", twice, Map.of("builds", counts)),
        Verdict.of("what was asked for is built in the end", missing, Map.of()));
  }

  private boolean isThere(String image, long deadline) {
    for (long left = left(deadline); left > 0; left = left(deadline)) {
      CompletableFuture<QueryAssetsResponse> answer =
          WaitingQueries.start(cluster.nodes(), WaitingQueries.forImage(image), 1, PATIENCE).get(0);
      try {
        // A failure that is remembered for a while is an answer, too, and then asked for again.
        if (answer.get(left, TimeUnit.NANOSECONDS).getAssetsCount() == 1) {
          return true;
        }
      } catch (ExecutionException | TimeoutException e) {
        System.out.println("asked for " + image + ": " + e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return false;
  }

  private static long left(long deadline) {
    return deadline - System.nanoTime();
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
