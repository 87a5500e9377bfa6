package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PauseWatchTest {
  private static final Duration SOON = Duration.ofSeconds(10);

  private final Timers timers = new Timers("test-timers");
  private final AtomicInteger looks = new AtomicInteger();
  private final CompletableFuture<Throwable> stuck = new CompletableFuture<>();

  @AfterEach
  void close() {
    timers.close();
  }

  @Test
  void aPauseThatDoesNotEndIsReportedAfterSoManyLooks() throws Exception {
    watch(() -> looks.incrementAndGet() > 0).begin();
    assertThat(stuck).succeedsWithin(SOON);
    assertThat(stuck.get())
        .hasMessageContaining("a snapshot was received, and not put in its place");
    assertThat(looks).hasValue(PauseWatch.LOOKS_MAX);
  }

  @Test
  void shortPausesOneAfterTheOtherAreNone() {
    List<PauseWatch> watch = new CopyOnWriteArrayList<>();
    int eachLooks = PauseWatch.LOOKS_MAX - 1;
    watch.add(
        watch(
            () -> {
              int look = looks.incrementAndGet();
              if (look % eachLooks == 0) {
                watch.get(0).begin();
              }
              return look < 3 * eachLooks;
            }));
    watch.get(0).begin();
    await().atMost(SOON).until(() -> looks.get() > 3 * eachLooks);
    assertThat(stuck).isNotDone();
  }

  private PauseWatch watch(BooleanSupplier paused) {
    return new PauseWatch(timers, paused, stuck::complete, 2);
  }
}
