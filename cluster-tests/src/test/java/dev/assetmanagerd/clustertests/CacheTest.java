package dev.assetmanagerd.clustertests;

import static dev.assetmanagerd.clustertests.CacheProbe.CALL_MAX;
import static dev.assetmanagerd.clustertests.CacheProbe.corrupt;
import static dev.assetmanagerd.clustertests.CacheProbe.localPath;
import static dev.assetmanagerd.clustertests.CacheProbe.metric;
import static dev.assetmanagerd.clustertests.CacheProbe.onNfs;
import static dev.assetmanagerd.clustertests.CacheProbe.received;
import static dev.assetmanagerd.clustertests.CacheProbe.sha256;
import static dev.assetmanagerd.clustertests.CacheProbe.stub;
import static dev.assetmanagerd.clustertests.CacheProbe.upload;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.s3server.FaultProxy;
import dev.assetmanagerd.s3server.S3Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Nodes whose store is remote bring blobs to their hosts once, and keep them within bounds. */
@Tag("cluster")
@Timeout(180)
final class CacheTest {
  private static final int MIB = 1 << 20;
  private static final int CALLERS = 100;
  private static final long SIZE = 20 * MIB;
  private static final long RANGE = 16 * MIB;

  @RegisterExtension final Clusters clusters = new Clusters();
  @TempDir Path work;

  @Test
  void oneDownloadServesAHundredCallersAndOtherNodesAndACorruptFileIsFetchedAgain()
      throws Exception {
    oneDownloadServesAll(clusters.start(3, CacheProbe::onNfs), "nfs");
  }

  @Test
  void theSameIsSoWithABucketByWhatItsServerWasAskedFor() throws Exception {
    S3Server server = S3Server.shared();
    String bucket = server.newBucket();
    try (FaultProxy counting = FaultProxy.start(server.endpoint())) {
      TestCluster cluster =
          clusters.start(
              3,
              options ->
                  options
                      .with("STORAGE_BACKEND", "s3")
                      .with("S3_BUCKET", bucket)
                      .with("S3_ENDPOINT", counting.endpoint().toString())
                      .with("S3_ACCESS_KEY_ID", "key")
                      .with("S3_SECRET_ACCESS_KEY", "secret"));
      Asset asset = oneDownloadServesAll(cluster, "s3");

      assertThat(counting.count("GET", "/" + asset.getLocation()))
          .as("ranges of the object asked for, each of which it has once")
          .isEqualTo((SIZE + RANGE - 1) / RANGE);
    }
  }

  @Test
  void nodesThatAreToldNotToAskEachOtherGoToTheStore() throws Exception {
    TestCluster cluster = clusters.start(3, options -> onNfs(options).with("CACHE_PEERS", "false"));
    RandomContent content = new RandomContent(2, MIB);
    Asset asset = upload(cluster.leader(), "image", content);

    for (Node node : cluster.nodes()) {
      assertThat(sha256(Path.of(localPath(node, asset.getId())))).isEqualTo(content.sha256());
      assertThat(received(node, "nfs")).isEqualTo(content.size());
      assertThat(received(node, "peer")).isZero();
    }
  }

  @CanIgnoreReturnValue
  private static Asset oneDownloadServesAll(TestCluster cluster, String store) throws Exception {
    Node node = cluster.follower();
    RandomContent content = new RandomContent(1, SIZE);
    Asset asset = upload(cluster.leader(), "image", content);

    Path file = Path.of(onlyElement(askAtOnce(node, asset.getId())));
    assertThat(sha256(file)).isEqualTo(content.sha256());
    assertThat(file).startsWith(node.dataDirectory().resolveSibling("cache"));
    assertThat(metric(node, "assetmanager_cache_fetches_total")).isEqualTo(1);
    assertThat(received(node, store)).isEqualTo(content.size());

    // The store is not read again: the others get it from each other.
    for (Node other : cluster.nodes()) {
      Path copy = Path.of(localPath(other, asset.getId()));
      assertThat(sha256(copy)).isEqualTo(content.sha256());
      assertThat(received(other, "peer")).isEqualTo(other == node ? 0L : content.size());
      assertThat(received(other, store)).isEqualTo(other == node ? content.size() : 0L);
    }

    corrupt(file);
    assertThat(localPath(node, asset.getId())).isEqualTo(file.toString());
    assertThat(sha256(file)).isEqualTo(content.sha256());
    assertThat(metric(node, "assetmanager_cache_corrupt_total")).isEqualTo(1);
    assertThat(metric(node, "assetmanager_cache_fetches_total")).isEqualTo(2);
    return asset;
  }

  @Test
  void aFullDiskUnderTheCacheIsToldAndIsOverWhenThereIsSpaceAgain() throws Exception {
    Path disk = Files.createDirectory(work.resolve("disk"));
    assumeTrue(
        succeeds("mount", "-t", "tmpfs", "-o", "size=24m", "none", disk.toString()),
        "needs root, to mount");
    try {
      TestCluster cluster =
          clusters.start(
              1, options -> onNfs(options).with("CACHE_DIR", disk.resolve("c").toString()));
      Node node = cluster.leader();
      List<RandomContent> contents = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        contents.add(new RandomContent(10 + i, 10 * MIB));
        var unused = upload(node, "image-" + i, contents.get(i));
      }
      String lease = acquire(node, "image-0");
      var unusedLease = acquire(node, "image-1");
      for (int i = 0; i < 2; i++) {
        assertThat(sha256(Path.of(localPath(node, "image-" + i))))
            .isEqualTo(contents.get(i).sha256());
      }
      List<String> before = filesBelow(disk);

      StatusRuntimeException failure =
          catchThrowableOfType(StatusRuntimeException.class, () -> localPath(node, "image-2"));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(failure).hasMessageContaining("the disk of the cache has no space left");
      assertThat(filesBelow(disk)).as("after a fetch that did not fit").isEqualTo(before);

      Path jail = cluster.jailerDirectory().resolve("vm");
      failure =
          catchThrowableOfType(StatusRuntimeException.class, () -> prepare(node, jail, "image-2"));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(failure).hasMessageContaining("the disk of the cache has no space left");
      assertThat(filesBelow(disk)).as("after a Prepare that did not fit").isEqualTo(before);
      assertThat(jail).doesNotExist();

      var unusedRelease =
          stub(node).releaseAsset(ReleaseAssetRequest.newBuilder().setLeaseId(lease).build());
      assertThat(sha256(Path.of(localPath(node, "image-2")))).isEqualTo(contents.get(2).sha256());
      assertThat(metric(node, "assetmanager_cache_evictions_total")).isEqualTo(1);
      assertThat(sha256(prepare(node, jail, "image-2"))).isEqualTo(contents.get(2).sha256());
    } finally {
      // The node that has files open there is ended after this: so lazily.
      assertThat(succeeds("umount", "-l", disk.toString())).as("unmounting").isTrue();
    }
  }

  /** The answers, each once. */
  private static List<String> askAtOnce(Node node, String id) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
    try {
      List<Future<String>> calls = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        calls.add(threads.submit(() -> localPath(node, id)));
      }
      List<String> paths = new ArrayList<>();
      for (Future<String> call : calls) {
        paths.add(call.get(CALL_MAX.toSeconds(), TimeUnit.SECONDS));
      }
      return paths.stream().distinct().toList();
    } finally {
      threads.shutdownNow();
    }
  }

  private static String onlyElement(List<String> paths) {
    assertThat(paths).hasSize(1);
    return paths.get(0);
  }

  private static Path prepare(Node node, Path jail, String id) {
    return Path.of(
        stub(node)
            .prepareAssets(
                PrepareAssetsRequest.newBuilder()
                    .addAssetIds(id)
                    .setTargetPath(jail.toString())
                    .setPreparedFor("vm")
                    .build())
            .getAssetPathsOrThrow(id));
  }

  private static String acquire(Node node, String id) {
    return stub(node)
        .acquireAsset(
            AcquireAssetRequest.newBuilder().setAssetId(id).setAcquiredBy("vm-" + id).build())
        .getLeaseId();
  }

  private static List<String> filesBelow(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .filter(file -> !file.endsWith("index"))
          .map(file -> directory.relativize(file).toString())
          .sorted()
          .toList();
    }
  }

  private static boolean succeeds(String... command) throws Exception {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      boolean done = process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
      if (!done) {
        System.out.println(String.join(" ", command) + ": " + output);
      }
      return done;
    } catch (IOException e) {
      System.out.println(command[0] + ": " + e);
      return false;
    }
  }
}
