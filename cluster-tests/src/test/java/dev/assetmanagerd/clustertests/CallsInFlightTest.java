package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.ConnectLeaseClient;
import dev.assetmanagerd.clustertests.client.GrpcLeaseClient;
import dev.assetmanagerd.clustertests.client.LeaseClient;
import dev.assetmanagerd.clustertests.client.SampleAssets;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The leader dies while calls wait for it: each of them ends, and says something typed. */
@Tag("cluster")
@Timeout(180)
final class CallsInFlightTest {
  private static final int CALLERS = 48;
  private static final Duration CALL_MAX = Duration.ofSeconds(15);
  private static final Set<String> OF_A_DEAD_NODE =
      Set.of("unavailable", CallFailedException.CONNECTION_LOST, CallFailedException.NOT_CONNECTED);

  @RegisterExtension final Clusters clusters = new Clusters();

  @Test
  void everyCallEndsWithAnAnswerOrUnavailableWhenTheLeaderIsKilled() throws Exception {
    TestCluster cluster = clusters.start(3);
    Node leader = cluster.leader();
    String asset = SampleAssets.create(leader, "in-flight", 1).get(0);
    ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
    CountDownLatch flowing = new CountDownLatch(CALLERS * 3);
    CountDownLatch stop = new CountDownLatch(1);
    try {
      Map<Node, List<Future<Set<String>>>> callers = new LinkedHashMap<>();
      for (int i = 0; i < CALLERS; i++) {
        Node node = cluster.nodes().get(i % 3);
        LeaseClient client = client(node, i);
        callers
            .computeIfAbsent(node, none -> new ArrayList<>())
            .add(threads.submit(() -> callUntil(stop, client, asset, flowing)));
      }
      assertThat(flowing.await(60, TimeUnit.SECONDS)).as("calls flow before the kill").isTrue();
      cluster.kill(leader);
      Node survivor = cluster.awaitLeader();
      new GrpcLeaseClient(survivor::channel).acquire(asset, "probe", CALL_MAX);
      stop.countDown();

      for (Map.Entry<Node, List<Future<Set<String>>>> entry : callers.entrySet()) {
        Set<String> codes = new TreeSet<>();
        for (Future<Set<String>> caller : entry.getValue()) {
          codes.addAll(caller.get(CALL_MAX.toSeconds() + 5, TimeUnit.SECONDS));
        }
        System.out.println("calls to " + entry.getKey() + " failed with " + codes);
        assertThat(codes)
            .as("failures of calls to %s, leader was %s", entry.getKey(), leader)
            .isSubsetOf(entry.getKey().equals(leader) ? OF_A_DEAD_NODE : Set.of("unavailable"));
      }
    } finally {
      stop.countDown();
      threads.shutdownNow();
    }
  }

  private static LeaseClient client(Node node, int number) {
    return number % 2 == 0
        ? new GrpcLeaseClient(node::failFastChannel)
        : new ConnectLeaseClient(
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build(),
            node.uri("/asset.v1.AssetManagerService/"));
  }

  /** Acquires without a pause until told to stop; the codes of the calls that failed. */
  private static Set<String> callUntil(
      CountDownLatch stop, LeaseClient client, String asset, CountDownLatch flowing)
      throws InterruptedException {
    Set<String> codes = new TreeSet<>();
    long pauseMs = 0;
    while (!stop.await(pauseMs, TimeUnit.MILLISECONDS)) {
      try {
        client.acquire(asset, "in-flight", CALL_MAX);
        flowing.countDown();
        pauseMs = 0;
      } catch (CallFailedException e) {
        codes.add(e.code());
        pauseMs = 50;
      }
    }
    return codes;
  }
}
