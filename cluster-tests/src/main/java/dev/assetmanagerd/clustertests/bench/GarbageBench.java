package dev.assetmanagerd.clustertests.bench;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * Benchmark B: garbage is collected while others take leases and give them back. Per round a fifth
 * of all assets goes, each with a blob of its own; half of those are held by leases that run out as
 * the collection begins. Every other asset is held by leases without an end.
 */
final class GarbageBench {
  private static final int IN_FLIGHT = 16;
  private static final Duration BASELINE = Duration.ofSeconds(10);
  private static final Duration SETTLE = Duration.ofSeconds(1);
  private static final Duration COLLECTION_MAX = Duration.ofMinutes(10);
  private static final Duration CALL_MAX = Duration.ofMinutes(5);

  /** As many as a node may lag behind another one, and more than taking the leases takes. */
  private static final int TTL_SECONDS = 20;

  private static final GarbageCollectRequest COLLECT =
      GarbageCollectRequest.newBuilder().setMaxAgeSeconds(2).setDeleteUnreferenced(true).build();

  private final BenchOptions options;
  private final Report report;
  private final int assets;
  private final int garbage;

  GarbageBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
    this.assets = options.garbageBenchAssets();
    this.garbage = assets / 5;
  }

  void run() throws Exception {
    report.heading("B: garbage collection under load, three nodes");
    report.line(
        "%d assets, %d of them garbage; %d leases, %d of them run out as the collection begins; %d"
            + " calls of Acquire and Release in flight, gRPC to the leader; %d rounds.",
        assets, garbage, assets, garbage / 2, IN_FLIGHT, options.rounds());
    List<List<String>> rows = new ArrayList<>();
    rows.add(measure("1000"));
    rows.add(measure("1000000"));
    report.table(
        List.of(
            "GC_RATE_LIMIT",
            "marked after s",
            "all gone after s",
            "p50 ms before",
            "p50 × during",
            "p99 ms before",
            "p99 ms during",
            "p99 × during",
            "calls/s × during",
            "failed"),
        rows);
  }

  /** What each round came to. */
  private static final class Rounds {
    private final List<Double> marked = new ArrayList<>();
    private final List<Double> gone = new ArrayList<>();
    private final List<Measurement> before = new ArrayList<>();
    private final List<Measurement> during = new ArrayList<>();

    private Spread before(double percentile) {
      return spread(before, percentile);
    }

    private Spread during(double percentile) {
      return spread(during, percentile);
    }

    private static Spread spread(List<Measurement> measured, double percentile) {
      return new Spread(
          measured.stream()
              .map(round -> round.latencies().getValueAtPercentile(percentile) / 1e6)
              .toList());
    }

    private static Spread speed(List<Measurement> measured) {
      return new Spread(measured.stream().map(Measurement::callsPerSecond).toList());
    }
  }

  private List<String> measure(String rateLimit) throws Exception {
    ClusterOptions three =
        ClusterOptions.of(3, options.directory().resolve("gc-" + rateLimit))
            .withJvm(options.jvmArguments())
            .with("GC_ENABLED", "false")
            .with("GC_RATE_LIMIT", rateLimit);
    Rounds rounds = new Rounds();
    try (TestCluster cluster = TestCluster.start(three)) {
      fillWithWhatStays(cluster);
      List<String> loadAssets = SampleAssets.create(cluster.leader(), "load", IN_FLIGHT);
      hold(cluster, loadAssets);
      try (GrpcLoads loads = new GrpcLoads(List.of(cluster.leader().apiAddress()))) {
        Load load = loads.leases(loadAssets);
        var unused = ClosedLoop.run(load, IN_FLIGHT, SETTLE, options.warmUp());
        collectStrays(cluster);
        for (int round = 0; round < options.rounds(); round++) {
          round(cluster, load, round, rounds);
        }
      }
      cluster.assertReplicasEqual();
    }
    return List.of(
        rateLimit,
        new Spread(rounds.marked).text("%.1f"),
        new Spread(rounds.gone).text("%.1f"),
        rounds.before(50).text("%.1f"),
        rounds.during(50).over(rounds.before(50)).text("%.2f"),
        rounds.before(99).text("%.1f"),
        rounds.during(99).text("%.1f"),
        rounds.during(99).over(rounds.before(99)).text("%.2f"),
        Rounds.speed(rounds.during).over(Rounds.speed(rounds.before)).text("%.2f"),
        Long.toString(
            IntStream.range(0, rounds.during.size())
                .mapToLong(i -> rounds.during.get(i).failures() + rounds.before.get(i).failures())
                .sum()));
  }

  /** Four assets in five, all of them held; a few twice, so that there are enough leases. */
  private void fillWithWhatStays(TestCluster cluster) throws Exception {
    String location = SampleAssets.uploadSmall(cluster.leader(), "stays");
    int stay = assets - garbage;
    try (Filler filler = new Filler(cluster.leader())) {
      Duration registered =
          filler.fill(
              AssetManagerServiceGrpc.getRegisterAssetMethod(),
              0,
              stay,
              i -> asset("stays-" + i, location));
      Duration held =
          filler.fill(
              AssetManagerServiceGrpc.getAcquireAssetMethod(),
              0,
              assets - garbage / 2,
              i -> lease("stays-" + i % stay, 0));
      report.line(
          "filled with %d assets in %d s and %d leases in %d s",
          stay, registered.toSeconds(), assets - garbage / 2, held.toSeconds());
    }
  }

  /** The samples leave an asset behind that nobody holds. */
  private static void collectStrays(TestCluster cluster) {
    AssetClient client = new AssetClient(List.of(cluster.leader()), 0, CALL_MAX);
    await("nothing is garbage yet")
        .atMost(COLLECTION_MAX)
        .until(
            () -> {
              client.call(stub -> stub.garbageCollect(COLLECT));
              return client.listAll().stream().allMatch(asset -> asset.getReferenceCount() > 0);
            });
  }

  private static void hold(TestCluster cluster, List<String> ids) throws InterruptedException {
    try (Filler filler = new Filler(cluster.leader())) {
      filler.fill(
          AssetManagerServiceGrpc.getAcquireAssetMethod(),
          0,
          ids.size(),
          i -> lease(ids.get(i), 0));
    }
  }

  private void round(TestCluster cluster, Load load, int round, Rounds rounds) throws Exception {
    long runOut = fillWithGarbage(cluster, round);
    Measurement before = ClosedLoop.run(load, IN_FLIGHT, SETTLE, BASELINE);
    await("leases run out")
        .atMost(Duration.ofSeconds(2 * TTL_SECONDS))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> System.nanoTime() - runOut >= 0);
    CompletableFuture<double[]> collection =
        CompletableFuture.supplyAsync(() -> collect(cluster, round));
    Measurement during =
        ClosedLoop.runUntil(load, IN_FLIGHT, Duration.ZERO, collection, COLLECTION_MAX);
    double[] seconds = collection.get();
    rounds.before.add(before);
    rounds.during.add(during);
    rounds.marked.add(seconds[0]);
    rounds.gone.add(seconds[1]);
    report.line(
        "round %d: marked after %.1f s, gone after %.1f s; p99 %.1f ms before, %.1f ms during",
        round,
        seconds[0],
        seconds[1],
        before.latencies().getValueAtPercentile(99) / 1e6,
        during.latencies().getValueAtPercentile(99) / 1e6);
  }

  /** Returns when the first of the leases on half of it runs out, of {@link System#nanoTime}. */
  private long fillWithGarbage(TestCluster cluster, int round) throws Exception {
    Path directory = cluster.blobDirectory().resolve("garbage-" + round);
    Files.createDirectories(directory);
    for (int i = 0; i < garbage; i++) {
      byte[] content = ByteBuffer.allocate(1024).putInt(round).putInt(i).array();
      Files.write(directory.resolve(Integer.toString(i)), content);
    }
    try (Filler filler = new Filler(cluster.leader())) {
      Duration registered =
          filler.fill(
              AssetManagerServiceGrpc.getRegisterAssetMethod(),
              0,
              garbage,
              i -> asset(garbageId(round, i), "garbage-" + round + "/" + i));
      long begin = System.nanoTime();
      Duration held =
          filler.fill(
              AssetManagerServiceGrpc.getAcquireAssetMethod(),
              0,
              garbage / 2,
              i -> lease(garbageId(round, i), TTL_SECONDS));
      report.line(
          "round %d: %d assets in %d s, %d leases in %d s",
          round, garbage, registered.toSeconds(), garbage / 2, held.toSeconds());
      return begin + Duration.ofSeconds(TTL_SECONDS).toNanos();
    }
  }

  /** Seconds until all of it was marked, and until all records and blobs were gone. */
  private double[] collect(TestCluster cluster, int round) {
    AssetClient client = new AssetClient(List.of(cluster.leader()), 0, CALL_MAX);
    long begin = System.nanoTime();
    try {
      int marked = 0;
      while (marked < garbage) {
        marked += client.call(stub -> stub.garbageCollect(COLLECT)).getDeletedAssetsCount();
      }
      double markedAfter = (System.nanoTime() - begin) / 1e9;
      if (marked != garbage) {
        throw new IllegalStateException(marked + " were taken, " + garbage + " were garbage");
      }
      await("all of it is gone")
          .atMost(COLLECTION_MAX)
          .pollInterval(Duration.ofMillis(100))
          .until(() -> isGone(client, cluster.blobDirectory().resolve("garbage-" + round)));
      return new double[] {markedAfter, (System.nanoTime() - begin) / 1e9};
    } catch (CallFailedException e) {
      throw new IllegalStateException("the collection failed", e);
    }
  }

  private static boolean isGone(AssetClient client, Path directory)
      throws CallFailedException, IOException {
    try (var files = Files.newDirectoryStream(directory)) {
      if (files.iterator().hasNext()) {
        return false;
      }
    } catch (java.nio.file.NoSuchFileException gone) {
      // The store may drop directories that are empty.
    }
    return client.list(AssetStatus.ASSET_STATUS_DELETING).isEmpty();
  }

  private static String garbageId(int round, int i) {
    return String.format(Locale.ROOT, "garbage-%d-%d", round, i);
  }

  private static AcquireAssetRequest lease(String assetId, int ttlSeconds) {
    return AcquireAssetRequest.newBuilder()
        .setAssetId(assetId)
        .setAcquiredBy("bench-fill")
        .setTtlSeconds(ttlSeconds)
        .build();
  }

  private static RegisterAssetRequest asset(String id, String location) {
    return RegisterAssetRequest.newBuilder()
        .setId(id)
        .setName(id)
        .setType(AssetType.ASSET_TYPE_ROOTFS)
        .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
        .setLocation(location)
        .setCreatedBy("bench")
        .putLabels("image", "image-" + Math.floorMod(id.hashCode(), 100))
        .build();
  }
}
