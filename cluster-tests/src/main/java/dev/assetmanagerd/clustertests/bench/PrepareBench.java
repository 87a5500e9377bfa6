package dev.assetmanagerd.clustertests.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.clustertests.client.Uploads;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Placing a large asset that is on the host already, by hard link, reflink and copy, beside what ln
 * and cp take for the same on the same file system. Reflinks take root, to mount an XFS image.
 */
final class PrepareBench {
  private static final Duration UPLOAD_MAX = Duration.ofMinutes(10);
  private static final String SUM = "assetmanager_prepare_duration_seconds_sum ";
  private static final int COPY_ROUNDS = 5;
  private static final int ROUNDS = 15;

  private final BenchOptions options;
  private final Report report;
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<List<String>> rows = new ArrayList<>();

  PrepareBench(BenchOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  /** Seconds by the node's own clock, by the client's, and of the command. */
  private record Times(List<Double> server, List<Double> client, List<Double> command) {
    Times() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }
  }

  void run() throws Exception {
    report.heading("PrepareAssets of " + (options.uploadBytes() >> 20) + " MiB, one node");
    Path directory = Files.createDirectories(options.directory().resolve("prepare"));
    Path image = directory.resolve("xfs.img");
    Path mount = Files.createDirectories(directory.resolve("xfs"));
    long imageMiB = 1024 + 3 * (options.uploadBytes() >> 20);
    command("truncate", "-s", imageMiB + "M", image.toString());
    command("mkfs.xfs", "-q", "-m", "reflink=1", image.toString());
    command("mount", "-o", "loop", image.toString(), mount.toString());
    try {
      onFileSystem(mount, directory.resolve("cluster-xfs"), "XFS", true);
    } finally {
      command("umount", mount.toString());
      Files.delete(image);
    }
    onFileSystem(directory.resolve("plain"), directory.resolve("cluster-plain"), "disk", false);
    report.table(
        List.of("how", "server ms", "client ms", "command", "command ms", "server × command"),
        rows);
  }

  private void onFileSystem(Path where, Path cluster, String name, boolean reflinks)
      throws Exception {
    Path jails = Files.createDirectories(where.resolve("jails"));
    Path blobs = Files.createDirectories(where.resolve("blobs"));
    ClusterOptions one =
        ClusterOptions.of(1, cluster)
            .withJvm(options.jvmArguments())
            .with("LOCAL_STORAGE_PATH", blobs.toString())
            .with("PREPARE_ROOTS", jails.toString());
    try (TestCluster running = TestCluster.start(one)) {
      Node node = running.leader();
      SampleAssets.uploadSmall(node, "warm-up");
      Path blob = blobs.resolve(upload(node, "linked", AssetType.ASSET_TYPE_KERNEL).getLocation());
      var unused = upload(node, "own", AssetType.ASSET_TYPE_DISK_IMAGE);
      measure(node, "hard link, " + name, "linked", jails, ROUNDS, blob, "ln SOURCE TARGET");
      if (reflinks) {
        measure(
            node,
            "reflink, " + name,
            "own",
            jails,
            ROUNDS,
            blob,
            "cp --reflink=always SOURCE TARGET");
      } else {
        measure(node, "copy, " + name, "own", jails, COPY_ROUNDS, blob, "cp SOURCE TARGET");
        measure(
            node,
            "copy, " + name,
            "own",
            jails,
            COPY_ROUNDS,
            blob,
            "cp SOURCE TARGET && sync TARGET");
      }
    } finally {
      command("rm", "-rf", jails.toString(), blobs.toString());
    }
  }

  private void measure(
      Node node, String how, String id, Path jails, int rounds, Path blob, String shell)
      throws Exception {
    Times times = new Times();
    for (int round = -1; round < rounds; round++) { // the first one warms up
      Times into = round < 0 ? new Times() : times;
      Path vm = jails.resolve("vm-" + (round + 1));
      double before = serverSeconds(node);
      long begin = System.nanoTime();
      prepare(node, id, vm);
      into.client().add((System.nanoTime() - begin) / 1e9);
      into.server().add(serverSeconds(node) - before);
      command("rm", "-rf", vm.toString());
      Path target = jails.resolve("by-command");
      begin = System.nanoTime();
      command(
          "sh",
          "-c",
          shell.replace("SOURCE", blob.toString()).replace("TARGET", target.toString()));
      into.command().add((System.nanoTime() - begin) / 1e9);
      Files.delete(target);
    }
    Spread server = new Spread(times.server());
    Spread command = new Spread(times.command());
    rows.add(
        List.of(
            how,
            millis(times.server()).text("%.1f"),
            millis(times.client()).text("%.1f"),
            "`" + shell.replace(" SOURCE TARGET", "") + "`",
            millis(times.command()).text("%.1f"),
            server.over(command).text("%.2f")));
  }

  private static Spread millis(List<Double> seconds) {
    return new Spread(seconds.stream().map(value -> value * 1000).toList());
  }

  private static void prepare(Node node, String id, Path vm) {
    var unused =
        AssetManagerServiceGrpc.newBlockingStub(node.channel())
            .withDeadlineAfter(UPLOAD_MAX.toSeconds(), TimeUnit.SECONDS)
            .prepareAssets(
                PrepareAssetsRequest.newBuilder()
                    .addAssetIds(id)
                    .setTargetPath(vm.toString())
                    .setPreparedFor("bench")
                    .build());
  }

  private Asset upload(Node node, String id, AssetType type)
      throws IOException, CallFailedException {
    UploadAssetMetadata metadata =
        UploadAssetMetadata.newBuilder().setId(id).setName(id).setType(type).build();
    try (InputStream bytes = new RandomContent(7, options.uploadBytes()).open()) {
      return Uploads.overGrpc(node.channel(), metadata, bytes, UPLOAD_MAX);
    }
  }

  /** All preparations since the node started, by its own clock. */
  private double serverSeconds(Node node) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + node.metricsPort() + "/metrics"))
            .timeout(Duration.ofSeconds(20))
            .build();
    return http.send(request, HttpResponse.BodyHandlers.ofString())
        .body()
        .lines()
        .filter(line -> line.startsWith(SUM))
        .mapToDouble(line -> Double.parseDouble(line.substring(SUM.length())))
        .findFirst()
        .orElseThrow();
  }

  private static void command(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (!process.waitFor(10, TimeUnit.MINUTES) || process.exitValue() != 0) {
      throw new IllegalStateException(String.join(" ", command) + ": " + output);
    }
  }
}
