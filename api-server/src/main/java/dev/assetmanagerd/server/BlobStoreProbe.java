package dev.assetmanagerd.server;

import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the blob store now and then whether it is there, on a thread of its own: a store that hangs
 * must not hang those who ask for the node's health. Thread-safe.
 */
final class BlobStoreProbe implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BlobStoreProbe.class);
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  /** A store that answered this long ago counts as reachable; longer ago, it hangs. */
  private static final Duration TRUSTED = Duration.ofSeconds(30);

  /** What is looked up; it matters only that the store answers. */
  private static final String LOCATION = new Sha256("0".repeat(64)).location();

  private record Result(long nanos, Optional<String> problem) {}

  private final BlobReader blobs;
  private final Supplier<Optional<String>> hanging;
  private final LongSupplier nanoClock;
  private final ScheduledExecutorService thread;
  private volatile Result last;

  /**
   * Asks once on the calling thread, and then regularly.
   *
   * @param hanging what hangs in the store at this moment: it may answer questions and let those
   *     hang who write
   */
  BlobStoreProbe(BlobReader blobs, Supplier<Optional<String>> hanging, LongSupplier nanoClock) {
    this.blobs = blobs;
    this.hanging = hanging;
    this.nanoClock = nanoClock;
    this.last = ask();
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread created = new Thread(task, "blob-store-probe");
              created.setDaemon(true);
              return created;
            });
    var unused =
        thread.scheduleWithFixedDelay(
            this::probe, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** What is wrong with the store; empty when nothing is. Does not ask it. */
  Optional<String> problem() {
    Result result = last;
    Duration age = Duration.ofNanos(nanoClock.getAsLong() - result.nanos());
    Optional<String> hangs = hanging.get();
    if (hangs.isPresent()) {
      return hangs;
    }
    return age.compareTo(TRUSTED) > 0
        ? Optional.of("no answer for " + age.toSeconds() + " s")
        : result.problem();
  }

  private void probe() {
    Result before = last;
    Result now = ask();
    last = now;
    if (!before.problem().equals(now.problem())) {
      log.warn("the blob store: {}", now.problem().orElse("is reachable again"));
    }
  }

  private Result ask() {
    Optional<String> problem = Optional.empty();
    try {
      var unused = blobs.stat(LOCATION);
    } catch (IOException | RuntimeException e) {
      problem = Optional.of(e.toString());
    }
    return new Result(nanoClock.getAsLong(), problem);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
