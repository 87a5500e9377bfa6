package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.clustertests.client.Storm;
import dev.assetmanagerd.clustertests.observe.BlobObserver;
import dev.assetmanagerd.clustertests.observe.Findings;
import dev.assetmanagerd.clustertests.observe.RegistryObserver;
import dev.assetmanagerd.clustertests.observe.StoreAudit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Garbage is collected, by schedule and by calls, of assets two seconds old, while 64 clients
 * upload, acquire, prepare and release a handful of contents. {@code
 * -Dassetmanagerd.storm.seconds=N} makes it longer.
 */
@Tag("cluster")
@Timeout(900)
final class GarbageUnderLoadTest {
  private static final int CLIENTS = 64;
  private static final int CONTENTS = 5;
  private static final long CONTENT_BYTES = 48 << 10;
  private static final long STORM_SECONDS = Long.getLong("assetmanagerd.storm.seconds", 60);
  private static final Duration GC_PAUSE = Duration.ofMillis(100);
  private static final Duration SETTLE_MAX = Duration.ofSeconds(60);
  private static final GarbageCollectRequest COLLECT =
      GarbageCollectRequest.newBuilder().setMaxAgeSeconds(2).setDeleteUnreferenced(true).build();

  @RegisterExtension final Clusters clusters = new Clusters();

  private long collected;
  private long collections;

  @Test
  void collectingUnderLoadTouchesNothingThatIsHeldAndLeavesNothingBehind() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    TestCluster cluster =
        clusters.start(3, options -> options.with("GC_INTERVAL", "1s").with("GC_MAX_AGE", "2s"));
    List<RandomContent> contents =
        LongStream.range(0, CONTENTS).mapToObj(i -> new RandomContent(i, CONTENT_BYTES)).toList();
    AssetClient client = new AssetClient(cluster.nodes(), 0, Duration.ofSeconds(30));
    LeaseBook book = new LeaseBook();
    List<String> broken = new ArrayList<>();
    try (Storm storm =
            new Storm(cluster.nodes(), CLIENTS, contents, cluster.jailerDirectory(), book, seed);
        BlobObserver blobs = new BlobObserver(cluster.blobDirectory(), book);
        RegistryObserver registry = new RegistryObserver(client, book)) {
      storm.start();
      blobs.start();
      registry.start();
      collectFor(Duration.ofSeconds(STORM_SECONDS), client);
      broken.addAll(storm.stop());
      Findings onBlobs = blobs.stop();
      Findings onRegistry = registry.stop();
      broken.addAll(onBlobs.violations());
      broken.addAll(onRegistry.violations());
      System.out.println(storm);
      System.out.println(onBlobs);
      System.out.println(onRegistry);
      System.out.println(collections + " collections took " + collected + " assets");
      assertThat(broken).as("broken promises, seed %s", seed).isEmpty();
      assertSomethingHappened(storm, onBlobs, onRegistry);
    }
    assertThat(book.held()).as("leases that could not be given back").isEmpty();
    assertNothingIsLeft(cluster, client);
    cluster.assertReplicasEqual();
  }

  private void assertSomethingHappened(Storm storm, Findings blobs, Findings registry) {
    for (String call : List.of("upload", "acquire", "prepare", "release")) {
      assertThat(storm.succeeded(call)).as(call).isGreaterThan(STORM_SECONDS);
    }
    assertThat(collected).as("assets collected by calls").isPositive();
    assertThat(blobs.count(BlobObserver.BLOBS_READ)).isGreaterThan(STORM_SECONDS);
    assertThat(registry.count(RegistryObserver.LEASES_COMPARED)).isGreaterThan(STORM_SECONDS);
    assertThat(registry.count(RegistryObserver.COUNTS_COMPARED)).isGreaterThan(STORM_SECONDS);
  }

  private void collectFor(Duration time, AssetClient client) {
    await("the storm is over")
        .pollInterval(GC_PAUSE)
        .atMost(time.plusMinutes(2))
        .during(time)
        .until(() -> collect(client));
  }

  private boolean collect(AssetClient client) throws CallFailedException {
    collected += client.call(stub -> stub.garbageCollect(COLLECT)).getDeletedAssetsCount();
    collections++;
    return true;
  }

  /** Nobody holds anything any more, so everything goes. */
  private void assertNothingIsLeft(TestCluster cluster, AssetClient client) {
    await("everything is collected")
        .atMost(SETTLE_MAX)
        .until(
            () -> {
              collect(client);
              return client.listAll().isEmpty() && deleting(client).isEmpty();
            });
    await("the store is empty")
        .atMost(SETTLE_MAX)
        .untilAsserted(
            () -> assertThat(StoreAudit.check(cluster.blobDirectory(), List.of())).isEmpty());
  }

  private static List<Asset> deleting(AssetClient client) throws CallFailedException {
    return client.list(AssetStatus.ASSET_STATUS_DELETING);
  }
}
