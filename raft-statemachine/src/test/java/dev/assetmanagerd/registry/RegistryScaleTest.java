package dev.assetmanagerd.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.FormatMethod;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Measures the registry at ten thousand and a million assets of five labels each, and prints what
 * it finds. Asserts answers, never times. Takes minutes; runs with {@code -Dscale=true}.
 */
@Tag("scale")
@EnabledIfSystemProperty(named = "scale", matches = "true")
class RegistryScaleTest {
  private static final int SMALL = 10_000;
  private static final int LARGE = Integer.getInteger("scale.assets", 1_000_000);
  private static final int ROUNDS = 500;
  private static final int WARM_UP = 200;
  private static final int PAGE = 40;
  private static final int BATCH = 500;
  private static final AssetType ANY_TYPE = AssetType.ASSET_TYPE_UNSPECIFIED;
  private static final AssetStatus ANY_STATUS = AssetStatus.ASSET_STATUS_UNSPECIFIED;

  private static final Map<String, AssetQuery> QUERIES =
      Map.of(
          "no filter", query(ANY_TYPE, Map.of()),
          "type", query(AssetType.ASSET_TYPE_KERNEL, Map.of()),
          "1 label", query(ANY_TYPE, Map.of("env", "env-1")),
          "2 labels, 1/4 and 1/10", query(ANY_TYPE, Map.of("env", "env-1", "os", "os-3")),
          "2 labels, 1/10 and 1/20", query(ANY_TYPE, Map.of("os", "os-3", "team", "team-7")),
          "2 labels and type",
              query(AssetType.ASSET_TYPE_KERNEL, Map.of("env", "env-1", "os", "os-3")),
          "2 labels, one of 10 assets",
              query(ANY_TYPE, Map.of("env", "env-1", "image", "image-77")),
          "2 labels, never together", query(ANY_TYPE, Map.of("env", "env-1", "not-env", "env-1")));

  @Test
  void measure(@TempDir Path directory) throws IOException {
    Path small = directory.resolve("small.db");
    Path large = directory.resolve("large.db");
    try (TestRegistry ten = new TestRegistry(small);
        TestRegistry million = new TestRegistry(large)) {
      fill(ten, SMALL);
      fill(million, LARGE);
      report("size of the large file: %d MiB", Files.size(large) >> 20);
      QUERIES.entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(entry -> compare(entry.getKey(), entry.getValue(), ten, million));
      leases(ten, SMALL);
      leases(million, LARGE);
      timed("state hash of the large one", million::hash);
      timed("copy of the large one", () -> million.database.copyTo(directory.resolve("copy")));
      timed(
          "collectable assets, none found",
          () -> million.database.read(view -> view.collectable(0, null, 100)));
    }
  }

  private static AssetQuery query(AssetType type, Map<String, String> labels) {
    return new AssetQuery(type, ANY_STATUS, labels, null, PAGE);
  }

  private static void fill(TestRegistry registry, int count) {
    Random random = new Random(1);
    long start = System.nanoTime();
    long cpu = cpuNanos();
    inBatches(registry, count, i -> Commands.register(asset(i, count, random)));
    rate("register with 5 labels into " + count, count, start, cpu);
  }

  private static Asset asset(int i, int count, Random random) {
    int env = random.nextInt(4);
    // Every environment but one's own: frequent, and never met with the label of that one.
    int other = (env + 1 + random.nextInt(3)) % 4;
    return Commands.asset(id(i)).toBuilder()
        .setType(AssetType.forNumber(random.nextInt(50) == 0 ? 1 : 2))
        .setCreatedAt(TestRegistry.START + i / 10)
        .putLabels("env", "env-" + env)
        .putLabels("not-env", "env-" + other)
        .putLabels("os", "os-" + random.nextInt(10))
        .putLabels("team", "team-" + random.nextInt(20))
        .putLabels("image", "image-" + random.nextInt(count / 10))
        .build();
  }

  /** As long as a ULID, and like one in order of time. */
  private static String id(int i) {
    return "01J%011d%012d".formatted(i, (i * 7_919L) % 1_000_003);
  }

  private static void inBatches(TestRegistry registry, int count, IntFunction<Command> command) {
    RegistryWriter writer = registry.database.writer();
    for (int from = 0; from < count; from += BATCH) {
      List<Command> commands = new ArrayList<>();
      for (int i = from; i < Math.min(count, from + BATCH); i++) {
        commands.add(command.apply(i));
      }
      writer.begin();
      List<Outcome> outcomes =
          writer.apply(Commands.entry(registry.wall, ++registry.reading, commands));
      writer.commit(registry.next());
      assertThat(outcomes).noneMatch(Outcome::hasRejection);
    }
  }

  private static void leases(TestRegistry registry, int assets) {
    for (String round : List.of("warm-up", "measured")) {
      int count = 60_000;
      Random random = new Random(2);
      long start = System.nanoTime();
      long cpu = cpuNanos();
      inBatches(
          registry,
          count,
          i -> Commands.acquire(id(random.nextInt(assets)), "lease-" + round + i, 3600));
      rate("acquire among " + assets + ", " + round, count, start, cpu);
      start = System.nanoTime();
      cpu = cpuNanos();
      inBatches(registry, count, i -> Commands.release("lease-" + round + i));
      rate("release among " + assets + ", " + round, count, start, cpu);
    }
  }

  private static void compare(
      String name, AssetQuery query, TestRegistry small, TestRegistry large) {
    AssetQuery smallLast = lastPage(small, query);
    AssetQuery largeLast = lastPage(large, query);
    boolean slow = name.contains("never");
    int rounds = slow ? 20 : ROUNDS;
    long[][] micros = new long[4][rounds];
    long[][] cpu = new long[4][rounds];
    for (int i = slow ? 0 : -WARM_UP; i < rounds; i++) {
      // Taken in turns, so that whatever else the machine does hits all four alike.
      for (int k = 0; k < 4; k++) {
        AssetQuery asked = List.of(query, smallLast, query, largeLast).get(k);
        long started = System.nanoTime();
        long startedCpu = cpuNanos();
        list(k < 2 ? small : large, asked);
        if (i >= 0) {
          cpu[k][i] = (cpuNanos() - startedCpu) / 1000;
          micros[k][i] = (System.nanoTime() - started) / 1000;
        }
      }
    }
    Stream.of(micros, cpu).flatMap(Arrays::stream).forEach(Arrays::sort);
    report(
        "%s, microseconds at %d and at %d assets, with %d and %d of them on a page",
        name, SMALL, LARGE, list(small, query), list(large, query));
    for (int k = 0; k < 2; k++) {
      report(
          "  %s page: p50 %d %d, p99 %d %d, ratio %.2f; on the CPU p50 %d %d, p99 %d %d, ratio %.2f",
          k == 0 ? "first" : "last",
          at(micros[k], 50),
          at(micros[k + 2], 50),
          at(micros[k], 99),
          at(micros[k + 2], 99),
          at(micros[k + 2], 99) / (double) at(micros[k], 99),
          at(cpu[k], 50),
          at(cpu[k + 2], 50),
          at(cpu[k], 99),
          at(cpu[k + 2], 99),
          at(cpu[k + 2], 99) / (double) at(cpu[k], 99));
    }
  }

  /** The query that answers a last page that is full; the first page if there is no other. */
  private static AssetQuery lastPage(TestRegistry registry, AssetQuery query) {
    List<AssetCursor> keys = new ArrayList<>();
    AssetCursor after = null;
    do {
      AssetQuery page = new AssetQuery(query.type(), query.status(), query.labels(), after, 1000);
      AssetPage found = registry.database.read(view -> view.list(page));
      found.assets().forEach(a -> keys.add(new AssetCursor(a.getCreatedAt(), a.getId())));
      after = found.next();
    } while (after != null);
    assertThat(keys).doesNotHaveDuplicates();
    AssetCursor last = keys.size() > PAGE ? keys.get(keys.size() - PAGE - 1) : null;
    return new AssetQuery(query.type(), query.status(), query.labels(), last, PAGE);
  }

  @CanIgnoreReturnValue
  private static int list(TestRegistry registry, AssetQuery query) {
    AssetPage page = registry.database.read(view -> view.list(query));
    assertThat(page.assets().size()).isLessThanOrEqualTo(PAGE);
    return page.assets().size();
  }

  /** Of this thread: what a busy machine does not distort. */
  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static long at(long[] sorted, int percentile) {
    return Math.max(1, sorted[Math.min(sorted.length - 1, sorted.length * percentile / 100)]);
  }

  private static void rate(String what, int count, long startNanos, long startCpuNanos) {
    report(
        "%s: %.0f/s, %.0f for each second of CPU",
        what,
        count * 1e9 / (System.nanoTime() - startNanos),
        count * 1e9 / (cpuNanos() - startCpuNanos));
  }

  private static void timed(String what, Runnable action) {
    long start = System.nanoTime();
    action.run();
    report("%s: %.2f s", what, (System.nanoTime() - start) / 1e9);
  }

  @FormatMethod
  @SuppressWarnings("SystemOut") // The report is what this test is for.
  private static void report(String format, Object... arguments) {
    System.out.println("scale: " + String.format(format, arguments));
  }
}
