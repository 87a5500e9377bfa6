package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import dev.assetmanagerd.clustertests.observe.LeaseWatch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * How long leases live, on a stopwatch beside the cluster, while the nodes' wall clocks are hours
 * and years apart and jump, leaders die, and leaders stand still. {@code
 * -Dassetmanagerd.leases.seconds=N} makes it longer.
 */
@Tag("cluster")
@Timeout(900)
final class LeaseLifeTest {
  private static final long RUN_SECONDS = Long.getLong("assetmanagerd.leases.seconds", 75);
  private static final long STEP_MS = 500;
  private static final long STEPS_PER_CLOCK_STEP = 5;
  private static final long STEPS_PER_SESSION = 8;
  private static final long STEPS_PER_FAULT = 22;
  private static final int FOR_EVER = 10;
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration END_MAX = Duration.ofSeconds(90);
  private static final List<Duration> OFFSETS =
      List.of(
          Duration.ZERO,
          Duration.ofHours(3),
          Duration.ofHours(-5),
          Duration.ofSeconds(-90),
          Duration.ofSeconds(1),
          Duration.ofDays(3650),
          Duration.ofDays(-3650),
          Duration.ofHours(1),
          Duration.ofHours(-1));

  @RegisterExtension final Clusters clusters = new Clusters();

  private final CountDownLatch never = new CountDownLatch(1);
  private int faults;

  @Test
  void leasesLiveAsLongAsPromisedWhateverWallClocksAndLeadersDo() throws Exception {
    Optional<Path> library = WallClock.library();
    assumeThat(library).as("libfaketime, of Debian's package faketime").isPresent();
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    TestCluster cluster =
        clusters.start(3, options -> options.withWallClocks(library.orElseThrow()));
    List<String> assets = SampleAssets.create(cluster.leader(), "lives", 12);
    LeaseWatch watch = new LeaseWatch(new AssetClient(cluster.nodes(), 0, Duration.ofSeconds(1)));
    try (watch;
        LeaseTenants tenants = new LeaseTenants(cluster.nodes(), assets, watch)) {
      for (int i = 0; i < FOR_EVER; i++) {
        tenants.takeForEver();
      }
      watch.start();
      for (long step = 0; step < RUN_SECONDS * 1000 / STEP_MS; step++) {
        tenants.single(random);
        if (step % STEPS_PER_SESSION == 0) {
          tenants.session(random.nextInt(12));
        }
        if (step % STEPS_PER_CLOCK_STEP == 0) {
          Node node = cluster.nodes().get(random.nextInt(3));
          cluster.setWallClock(node, OFFSETS.get(random.nextInt(OFFSETS.size())));
        }
        if (step % STEPS_PER_FAULT == STEPS_PER_FAULT - 1) {
          fault(cluster);
        }
        pause(STEP_MS);
      }
      await("every lease with an end has ended")
          .atMost(END_MAX)
          .until(() -> watch.mortalsLeft() == 0);
      watch.stop();
      System.out.println(watch.findings());
      System.out.println(watch.summary());
      System.out.println(faults + " faults, " + tenants.failedCalls() + " calls failed");
      assertThat(watch.stampsApart()).as("wall clocks really differed").isGreaterThan(HOUR);

      List<String> broken = new ArrayList<>(watch.brokenPromises());
      broken.addAll(tenants.violations());
      assertThat(broken).as("broken promises, seed %s", seed).isEmpty();
    }
    cluster.assertReplicasEqual();
  }

  /** In turn: a leader dies; one stands still for longer than an election takes; one for less. */
  private void fault(TestCluster cluster) throws InterruptedException {
    Node leader = cluster.leader();
    switch (faults++ % 3) {
      case 0 -> {
        cluster.kill(leader);
        pause(3_000);
        cluster.start(leader);
      }
      case 1 -> {
        cluster.pause(leader);
        pause(6_000);
        cluster.resume(leader);
      }
      default -> {
        cluster.pause(leader);
        pause(700);
        cluster.resume(leader);
      }
    }
    cluster.awaitReady();
  }

  /** Nothing happens meanwhile but what was set going. */
  private void pause(long millis) throws InterruptedException {
    assertThat(never.await(millis, TimeUnit.MILLISECONDS)).isFalse();
  }
}
