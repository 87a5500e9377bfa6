package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.ListAssetsResponse;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * ListAssets by two labels, first and last page, in a small registry and in a large one.
 *
 * <p>Every asset has five labels. Two queries are asked: one whose labels are each fairly rare, and
 * the hard case, two labels that many assets have and few have both of. The registry is filled
 * through the API of one node, small first, then on to large in the same run.
 */
final class ListBench {
  private static final int CALLS = 400;
  private static final int WARM_UP_CALLS = 400;
  private static final int FEW = 500;

  private static final Map<String, Map<String, String>> QUERIES =
      new TreeMap<>(
          Map.of(
              "1 in 100 by 1 in 2",
              Map.of("image", "image-7", "arch", "aarch64"),
              "1 in 2 by 1 in 4, the same " + FEW + " have both",
              Map.of("half", "yes", "quarter", "yes")));

  private final BenchOptions options;
  private final Report report;

  ListBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  void run() throws InterruptedException {
    report.heading("ListAssets by two labels, page of 100");
    ClusterOptions single =
        ClusterOptions.of(1, options.directory().resolve("list")).withJvm(options.jvmArguments());
    try (TestCluster cluster = TestCluster.start(single)) {
      Node node = cluster.leader();
      String location = SampleAssets.uploadSmall(node, "list");
      Map<Integer, Map<String, Histogram>> measured = new TreeMap<>();
      int filled = 0;
      for (int size : options.assets()) {
        fill(node, location, filled, size);
        filled = size;
        measured.put(size, measure(node));
      }
      table(measured);
    }
  }

  private void fill(Node node, String location, int from, int to) throws InterruptedException {
    double seconds;
    try (Filler filler = new Filler(node)) {
      seconds =
          filler
                  .fill(
                      AssetManagerServiceGrpc.getRegisterAssetMethod(),
                      from,
                      to,
                      i -> asset(i, location))
                  .toMillis()
              / 1e3;
    }
    report.line("filled %d to %d in %.0f s, %.0f/s", from, to, seconds, (to - from) / seconds);
  }

  /** The few that have both labels of the hard query lie all over the first, small registry. */
  private RegisterAssetRequest asset(int i, String location) {
    int every = Math.max(1, options.assets().get(0) / FEW);
    boolean both = i < options.assets().get(0) && i % every == 0;
    return RegisterAssetRequest.newBuilder()
        .setName("asset-" + i)
        .setType(AssetType.ASSET_TYPE_ROOTFS)
        .setBackend(StorageBackend.STORAGE_BACKEND_LOCAL)
        .setLocation(location)
        .setCreatedBy("bench")
        .putLabels("image", "image-" + i % 100)
        .putLabels("arch", i / 100 % 2 == 0 ? "x86_64" : "aarch64")
        .putLabels("half", both || i % 2 == 0 ? "yes" : "no")
        .putLabels("quarter", both || i % 4 == 1 ? "yes" : "no")
        .putLabels("build", "build-" + i)
        .build();
  }

  private static Map<String, Histogram> measure(Node node) {
    Map<String, Histogram> byPage = new TreeMap<>();
    QUERIES.forEach(
        (name, labels) -> {
          String last = tokenOfLastPage(node, labels);
          byPage.put(name + ", first page", measure(node, labels, ""));
          byPage.put(name + ", last page", measure(node, labels, last));
        });
    return byPage;
  }

  private static Histogram measure(Node node, Map<String, String> labels, String token) {
    Histogram latencies = new Histogram(3);
    for (int i = 0; i < WARM_UP_CALLS + CALLS; i++) {
      long begin = System.nanoTime();
      ListAssetsResponse page = list(node, labels, token);
      if (page.getAssetsCount() == 0) {
        throw new IllegalStateException("an empty page for " + labels);
      }
      if (i >= WARM_UP_CALLS) {
        latencies.recordValue(System.nanoTime() - begin);
      }
    }
    return latencies;
  }

  private static String tokenOfLastPage(Node node, Map<String, String> labels) {
    String token = "";
    while (true) {
      String next = list(node, labels, token).getNextPageToken();
      if (next.isEmpty()) {
        return token;
      }
      token = next;
    }
  }

  private static ListAssetsResponse list(Node node, Map<String, String> labels, String token) {
    return AssetManagerServiceGrpc.newBlockingStub(node.channel())
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .listAssets(
            ListAssetsRequest.newBuilder()
                .putAllLabelSelector(labels)
                .setPageSize(100)
                .setPageToken(token)
                .build());
  }

  private void table(Map<Integer, Map<String, Histogram>> measured) {
    Map<String, Histogram> small = measured.values().iterator().next();
    List<List<String>> rows = new ArrayList<>();
    measured.forEach(
        (size, pages) ->
            pages.forEach(
                (page, latencies) ->
                    rows.add(
                        List.of(
                            Integer.toString(size),
                            page,
                            ms(latencies, 50),
                            ms(latencies, 99),
                            ratio(latencies, small.get(page), 50),
                            ratio(latencies, small.get(page), 99)))));
    report.table(
        List.of("assets", "query", "p50 ms", "p99 ms", "p50 × small", "p99 × small"), rows);
  }

  private static String ms(Histogram latencies, double percentile) {
    return String.format(Locale.ROOT, "%.2f", latencies.getValueAtPercentile(percentile) / 1e6);
  }

  private static String ratio(Histogram large, @Nullable Histogram small, double percentile) {
    return small == null
        ? "-"
        : String.format(
            Locale.ROOT,
            "%.2f",
            (double) large.getValueAtPercentile(percentile)
                / small.getValueAtPercentile(percentile));
  }
}
