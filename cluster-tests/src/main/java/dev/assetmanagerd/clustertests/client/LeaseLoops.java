package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.clustertests.Node;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Many clients that acquire and release leases without a pause, each on an asset of its own, and
 * keep account of what they were promised.
 *
 * <p>Half of them speak gRPC, half Connect JSON; they begin at different nodes and turn to the next
 * one when a call fails. What a client cannot know it books as such: an acquire whose connection
 * broke may or may not have left a lease behind.
 *
 * <p>Thread-safe.
 */
public final class LeaseLoops implements AutoCloseable {
  private static final Duration END_MAX = Duration.ofSeconds(60);

  private final ExecutorService threads;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final AckClock acks = new AckClock();
  private final List<LeaseLoop> loops = new ArrayList<>();
  private final List<Future<?>> running = new ArrayList<>();

  /** Prepares one loop per asset. */
  public LeaseLoops(List<Node> nodes, List<String> assetIds) {
    this(nodes, assetIds, false);
  }

  /** The same with clients that repeat every call, under one key, until its outcome is known. */
  public static LeaseLoops persistent(List<Node> nodes, List<String> assetIds) {
    return new LeaseLoops(nodes, assetIds, true);
  }

  private LeaseLoops(List<Node> nodes, List<String> assetIds, boolean persistent) {
    HttpClient http = nodes.get(0).http();
    for (int i = 0; i < assetIds.size(); i++) {
      boolean grpc = i % 2 == 0;
      List<LeaseClient> clients = new ArrayList<>();
      for (int n = 0; n < nodes.size(); n++) {
        Node node = nodes.get((i + n) % nodes.size());
        clients.add(
            grpc
                ? new GrpcLeaseClient(node::failFastChannel)
                : new ConnectLeaseClient(http, node.uri("/asset.v1.AssetManagerService/")));
      }
      loops.add(new LeaseLoop(i, assetIds.get(i), clients, stop, acks, persistent));
    }
    threads = Executors.newFixedThreadPool(assetIds.size());
  }

  /** Sets all loops going. */
  public void start() {
    for (LeaseLoop loop : loops) {
      running.add(threads.submit(loop));
    }
  }

  /**
   * Waits until a write is acknowledged that was asked for after a moment.
   *
   * @param nanoTime the moment, of {@link System#nanoTime}
   * @return how long after the moment the acknowledgement came
   */
  public Duration awaitAckAfter(long nanoTime, Duration atMost) {
    return acks.awaitAckOfCallBegunAfter(nanoTime, atMost);
  }

  /** The longest time between two acknowledged writes since this was asked last, up to now. */
  public Duration longestGap() {
    return acks.longestGap();
  }

  /** Number of acknowledged writes so far. */
  public long acknowledged() {
    return acks.count();
  }

  /** Ends all loops, each after its current call, and fails if a call does not end. */
  public List<LeaseLedger> stop() {
    stop.countDown();
    long deadline = System.nanoTime() + END_MAX.toNanos();
    for (int i = 0; i < running.size(); i++) {
      try {
        running.get(i).get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (Exception e) {
        throw new AssertionError("loop " + i + " did not end: " + loops.get(i).ledger(), e);
      }
    }
    return loops.stream().map(LeaseLoop::ledger).toList();
  }

  @Override
  public void close() {
    stop.countDown();
    threads.shutdownNow();
  }
}
