package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.ChildProcess;
import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.ProcessMemory;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.clustertests.client.Uploads;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One large upload: how fast beside hashing the same file, and how much memory the node takes. */
final class UploadBench {
  private static final Duration UPLOAD_MAX = Duration.ofMinutes(10);
  private static final double MIB = 1 << 20;
  private static final int READ_BYTES = 1 << 20;

  private final BenchOptions options;
  private final Report report;

  UploadBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  void run() throws IOException, CallFailedException {
    report.heading("Upload of " + (options.uploadBytes() >> 20) + " MiB to one of three nodes");
    Path directory = Files.createDirectories(options.directory().resolve("upload"));
    Path file = directory.resolve("content");
    try (InputStream bytes = new RandomContent(5, options.uploadBytes()).open()) {
      Files.copy(bytes, file, StandardCopyOption.REPLACE_EXISTING);
    }
    ClusterOptions three =
        ClusterOptions.of(3, directory.resolve("cluster")).withJvm(options.jvmArguments());
    try (TestCluster cluster = TestCluster.start(three)) {
      Node node = cluster.leader();
      SampleAssets.uploadSmall(node, "warm-up");
      measure(node, file);
    } finally {
      Files.delete(file);
    }
  }

  private void measure(Node node, Path file) throws IOException, CallFailedException {
    ProcessMemory memory = new ProcessMemory(node.pid());
    HttpClient http = HttpClient.newHttpClient();
    List<List<String>> rows = new ArrayList<>();
    long firstIdle = memory.residentBytes();
    for (int round = 1; round <= Math.min(3, options.rounds()); round++) {
      double hashing = sha256sum(file);
      for (String protocol : List.of("gRPC, HTTP/2", "Connect, HTTP/1.1")) {
        long idle = memory.residentBytes();
        memory.resetPeak();
        long begin = System.nanoTime();
        Asset asset = upload(protocol, http, node, file);
        double seconds = (System.nanoTime() - begin) / 1e9;
        long peak = memory.peakResidentBytes();
        rows.add(
            List.of(
                Integer.toString(round),
                protocol,
                text("%.0f", options.uploadBytes() / MIB / seconds),
                text("%.0f", options.uploadBytes() / MIB / hashing),
                text("%.2f", hashing / seconds),
                text("%.0f", idle / MIB),
                text("%.0f", (peak - idle) / MIB),
                text("%.0f", (peak - firstIdle) / MIB)));
        delete(node, asset);
      }
    }
    report.table(
        List.of(
            "round",
            "protocol",
            "MiB/s",
            "sha256sum MiB/s",
            "ratio",
            "idle RSS MiB",
            "peak − idle MiB",
            "peak − first idle MiB"),
        rows);
  }

  private static Asset upload(String protocol, HttpClient http, Node node, Path file)
      throws IOException, CallFailedException {
    UploadAssetMetadata metadata =
        UploadAssetMetadata.newBuilder()
            .setName("bench.img")
            .setType(AssetType.ASSET_TYPE_DISK_IMAGE)
            .setCreatedBy("bench")
            .build();
    try (InputStream bytes = new BufferedInputStream(Files.newInputStream(file), READ_BYTES)) {
      return protocol.startsWith("gRPC")
          ? Uploads.overGrpc(node.channel(), metadata, bytes, UPLOAD_MAX)
          : Uploads.overConnect(http, node, metadata, bytes, UPLOAD_MAX);
    }
  }

  /** So that the next upload stores its bytes anew. */
  private static void delete(Node node, Asset asset) {
    var unused =
        AssetManagerServiceGrpc.newBlockingStub(node.channel())
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .deleteAsset(DeleteAssetRequest.newBuilder().setId(asset.getId()).build());
  }

  /** Seconds that sha256sum takes; the second of two runs, with the file in the page cache. */
  private static double sha256sum(Path file) {
    double seconds = 0;
    for (int run = 0; run < 2; run++) {
      long begin = System.nanoTime();
      List<String> command = List.of("sha256sum", file.toString());
      Path log = file.resolveSibling("sha256sum.log");
      try (ChildProcess process = ChildProcess.start("sha256sum", command, Map.of(), log)) {
        if (!process.await(UPLOAD_MAX) || process.exitCode() != 0) {
          throw new IllegalStateException("sha256sum failed");
        }
      }
      seconds = (System.nanoTime() - begin) / 1e9;
    }
    return seconds;
  }

  private static String text(String format, double value) {
    return String.format(java.util.Locale.ROOT, format, value);
  }
}
