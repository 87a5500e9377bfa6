package dev.assetmanagerd.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The registry keeps its promises under random histories of all commands: replicas that batch
 * differently or start from a copy end equal, every outcome is the one the rules ask for, and the
 * invariants hold after every transaction.
 *
 * <p>Each history is made of a seed. One that fails is run again, alone, by {@code
 * -Dhistories.seed=SEED -Dhistories.count=1}.
 */
@Tag("histories")
@Timeout(3600)
class RandomHistoriesTest {
  private static final int COMMANDS = 200;
  private static final int THREADS = 2;

  private final int count = Integer.getInteger("histories.count", 10_000);
  private final long seed = Long.getLong("histories.seed", System.nanoTime());
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicLong cpuNanos = new AtomicLong();
  private final AtomicBoolean failed = new AtomicBoolean();
  private final Map<Outcome.KindCase, Integer> outcomes = new TreeMap<>();
  private final Map<String, Integer> details = new TreeMap<>();

  @Test
  void everyHistoryEndsAsTheRulesSayOnEveryReplica() throws Exception {
    Path directory = temporaryDirectory();
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    long start = System.nanoTime();
    try {
      List<Future<?>> workers = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        Path own = Files.createDirectory(directory.resolve("worker" + i));
        workers.add(
            threads.submit(
                () -> {
                  work(own);
                  return null;
                }));
      }
      for (Future<?> worker : workers) {
        worker.get();
      }
    } finally {
      threads.shutdownNow();
      delete(directory);
    }
    System.out.printf(
        "%d histories of %d commands from seed %d in %.1f s, %.1f s of CPU: %s %s%n",
        count,
        COMMANDS,
        seed,
        (System.nanoTime() - start) / 1e9,
        cpuNanos.get() / 1e9,
        outcomes,
        details);
    if (count >= 100) {
      assertEverythingWasMet();
    }
  }

  private void work(Path directory) throws IOException {
    try (HistoryRunner runner = new HistoryRunner(directory)) {
      for (int i = next.getAndIncrement(); i < count && !failed.get(); i = next.getAndIncrement()) {
        try {
          runner.run(seed + i, COMMANDS);
        } catch (AssertionError | RuntimeException e) {
          failed.set(true);
          throw new AssertionError(
              "-Dhistories.seed=%d -Dhistories.count=1 shows this again: %s"
                  .formatted(seed + i, e.getMessage()),
              e);
        }
      }
      cpuNanos.addAndGet(ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime());
      synchronized (this) {
        runner.outcomes.forEach((kind, n) -> outcomes.merge(kind, n, Integer::sum));
        runner.rejections.forEach((rule, n) -> details.merge(rule, n, Integer::sum));
      }
    }
  }

  /** Histories that never meet a rule would prove nothing about it. */
  private void assertEverythingWasMet() {
    assertThat(outcomes.keySet())
        .containsExactlyInAnyOrderElementsOf(
            EnumSet.complementOf(EnumSet.of(Outcome.KindCase.KIND_NOT_SET)));
    assertThat(details.keySet()).contains("replayed");
    for (Rule rule :
        EnumSet.complementOf(
            EnumSet.of(
                Rule.RULE_UNSPECIFIED,
                Rule.UNRECOGNIZED,
                Rule.RULE_SESSION_FULL,
                Rule.RULE_TOO_MANY_UPLOADS,
                Rule.RULE_TOO_MANY_BACKUPS))) {
      assertThat(details.keySet()).contains(rule.name());
    }
  }

  /** In memory where the system has a place for that: these registries need to survive nothing. */
  private static Path temporaryDirectory() throws IOException {
    Path memory = Path.of("/dev/shm");
    return Files.isDirectory(memory) && Files.isWritable(memory)
        ? Files.createTempDirectory(memory, "histories")
        : Files.createTempDirectory("histories");
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
