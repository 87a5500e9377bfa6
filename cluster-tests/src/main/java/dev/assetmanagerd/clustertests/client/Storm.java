package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.clustertests.Node;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Many clients at once that upload, acquire, prepare and release the same few contents, while
 * somebody else collects garbage. A third of them does each, over all nodes. Thread-safe.
 */
public final class Storm implements AutoCloseable {
  private static final Duration CALL_MAX = Duration.ofSeconds(10);
  private static final Duration END_MAX = Duration.ofSeconds(60);

  private final StormActor.Shared shared;
  private final List<StormActor> actors = new ArrayList<>();
  private final List<Future<?>> running = new ArrayList<>();
  private final ExecutorService threads;

  /**
   * Prepares a storm.
   *
   * @param clients how many
   * @param contents what is uploaded; few, so that many assets share a blob
   * @param jails directory where assets may be prepared
   * @param book is told of every lease
   * @param seed chooses who does what when
   */
  public Storm(
      List<Node> nodes,
      int clients,
      List<RandomContent> contents,
      Path jails,
      LeaseBook book,
      long seed) {
    shared = new StormActor.Shared(new StormPool(), book, new StormLog(), new CountDownLatch(1));
    SplittableRandom random = new SplittableRandom(seed);
    IntStream.range(0, clients)
        .forEach(
            i -> {
              AssetClient client = new AssetClient(nodes, i, CALL_MAX);
              actors.add(actor(i, client, random.split(), contents, jails));
            });
    threads = Executors.newFixedThreadPool(clients);
  }

  private StormActor actor(
      int number,
      AssetClient client,
      SplittableRandom random,
      List<RandomContent> contents,
      Path jails) {
    // The nodes take turns by the number, so the kinds must not do the same.
    return switch (number / 3 % 3) {
      case 0 -> new StormUploader("uploader-" + number, shared, client, random, contents);
      case 1 -> new StormAcquirer("acquirer-" + number, shared, client, random);
      default -> new StormPreparer("preparer-" + number, shared, client, random, jails);
    };
  }

  /** Sets all clients going. */
  public void start() {
    actors.forEach(actor -> running.add(threads.submit(actor)));
  }

  /** How many calls have succeeded: {@code upload}, {@code acquire}, {@code prepare}... */
  public long succeeded(String call) {
    return shared.log().count(call, "ok");
  }

  /** Ends all clients, each after what it is at, with its leases given back where possible. */
  public List<String> stop() {
    shared.stop().countDown();
    long deadline = System.nanoTime() + END_MAX.toNanos();
    for (int i = 0; i < running.size(); i++) {
      try {
        running.get(i).get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (Exception e) {
        throw new AssertionError(actors.get(i).name + " did not end", e);
      }
    }
    return shared.log().violations();
  }

  /** How the calls ended, for a person. */
  @Override
  public String toString() {
    return shared.log().toString();
  }

  @Override
  public void close() {
    shared.stop().countDown();
    threads.shutdownNow();
  }
}
