package dev.assetmanagerd.storage.bounded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.file.StaleHandles.IoCall;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BoundedStepsTest {
  private static final Duration TIMEOUT = Duration.ofMillis(200);
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final int THREADS = 3;

  private final BoundedSteps steps =
      new BoundedSteps("store X", THREADS, TIMEOUT, System::nanoTime);
  private final HungFile file = new HungFile();
  private final ExecutorService callers = Executors.newCachedThreadPool();

  @AfterEach
  void letGo() {
    file.free();
    callers.shutdownNow();
    steps.close();
  }

  @Test
  void aStepRunsOnAThreadOfTheStoreAndItsOutcomeIsTheCallers() throws IOException {
    String thread = steps.run("look", () -> Thread.currentThread().getName());

    assertThat(thread).startsWith("store-");
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(
            () ->
                steps.run(
                    "look",
                    () -> {
                      throw new NoSuchFileException("x");
                    }));
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(
            () ->
                steps.run(
                    "look",
                    () -> {
                      throw new IllegalArgumentException("x");
                    }));
    await().atMost(SOON).until(() -> steps.running() == 0);
    assertThat(steps.problem()).isEmpty();
    assertThat(steps.timedOut()).isZero();
  }

  @Test
  void aStepThatHangsIsGivenUpInTimeAndToldUntilItEnds() {
    assertThatExceptionOfType(StoreHangsException.class)
        .isThrownBy(() -> steps.run("read", file.before(() -> 1)))
        .withMessageContaining("store X")
        .satisfies(
            e ->
                assertThat(e.reason())
                    .contains("to read has taken more than 0.2 s")
                    .contains("1 of 3 threads hang"));

    assertThat(steps.problem()).hasValueSatisfying(problem -> assertThat(problem).contains("1 of"));
    assertThat(steps.hanging()).isEqualTo(1);
    assertThat(steps.timedOut()).isEqualTo(1);

    file.free();
    await().atMost(SOON).until(() -> steps.problem().isEmpty() && steps.running() == 0);
  }

  @Test
  void whenAllThreadsHangCallsFailAtOnceAndWorkAgainWhenTheyDoNot() throws Exception {
    hangAll();

    long before = System.nanoTime();
    assertThatExceptionOfType(StoreHangsException.class)
        .isThrownBy(() -> steps.run("read", () -> 1))
        .withMessageContaining("no thread left to read")
        .withMessageContaining("3 of 3 threads hang");
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(TIMEOUT);
    assertThat(steps.rejected()).isEqualTo(1);
    assertThat(file.inside()).as("no more threads than there may be").isEqualTo(THREADS);

    file.free();
    await().atMost(SOON).ignoreExceptions().until(() -> steps.run("read", () -> 7) == 7);
    assertThat(steps.problem()).isEmpty();
  }

  @Test
  void aCallWaitsForAThreadThatIsMerelyBusy() throws Exception {
    List<Future<Integer>> busy = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      busy.add(callers.submit(() -> steps.run("read", file.before(() -> 1))));
    }
    await().atMost(SOON).until(() -> file.inside() == THREADS);
    Future<Integer> next = callers.submit(() -> steps.run("read", () -> 2));
    file.free();

    assertThat(next.get(10, TimeUnit.SECONDS)).isEqualTo(2);
    for (Future<Integer> call : busy) {
      assertThat(call.get(10, TimeUnit.SECONDS)).isEqualTo(1);
    }
  }

  @Test
  void theWaitForAThreadIsNotCountedAsHanging() throws Exception {
    AtomicLong nanos = new AtomicLong();
    HungFile second = new HungFile();
    try (BoundedSteps slow = new BoundedSteps("store Y", 1, SOON, nanos::get)) {
      var unusedFirst = callers.submit(() -> slow.run("read", file.before(() -> 1)));
      await().atMost(SOON).until(() -> file.inside() == 1);
      Thread waiting = new Thread(() -> runUnchecked(slow, second.before(() -> 2)));
      waiting.start();
      await().atMost(SOON).until(() -> waiting.getState() == Thread.State.TIMED_WAITING);
      nanos.addAndGet(SOON.toNanos() - 1);
      file.free();
      await().atMost(SOON).until(() -> second.inside() == 1);
      nanos.addAndGet(SOON.toNanos() / 2);

      assertThat(slow.problem()).isEmpty();
      nanos.addAndGet(SOON.toNanos());
      assertThat(slow.problem()).isPresent();
    } finally {
      second.free();
    }
  }

  private static void runUnchecked(BoundedSteps steps, IoCall<Integer> call) {
    try {
      var unused = steps.run("read", call);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aResultThatComesTooLateIsDisposedOf() {
    AtomicInteger disposed = new AtomicInteger();

    assertThatExceptionOfType(StoreHangsException.class)
        .isThrownBy(() -> steps.run("open", file.before(() -> 42), disposed::set));
    assertThat(disposed).hasValue(0);
    file.free();

    await().atMost(SOON).until(() -> disposed.get() == 42);
  }

  @Test
  void aCallerThatIsInterruptedLeavesAndItsStepGoesOn() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    AtomicBoolean interrupted = new AtomicBoolean();
    Thread caller =
        new Thread(
            () -> {
              try {
                steps.runAction(
                    "read",
                    () -> {
                      file.hang();
                      done.set(true);
                    });
              } catch (InterruptedIOException e) {
                interrupted.set(Thread.currentThread().isInterrupted());
              } catch (IOException e) {
                interrupted.set(false);
              }
            });
    caller.start();
    await().atMost(SOON).until(() -> file.inside() == 1);
    caller.interrupt();
    caller.join(10_000);

    assertThat(interrupted).isTrue();
    file.free();
    await().atMost(SOON).untilTrue(done);
  }

  @Test
  void aStepMayCallForAnotherWithoutASecondThread() throws Exception {
    hangAllButOne();

    assertThat(steps.run("outer", () -> steps.run("inner", () -> 5))).isEqualTo(5);
  }

  @Test
  void tidyingUpThatFindsNoThreadIsDoneWhenOneIsFree() throws Exception {
    hangAll();
    ConcurrentLinkedQueue<String> done = new ConcurrentLinkedQueue<>();

    for (int i = 0; i < 10; i++) {
      String name = "file-" + i;
      steps.cleanUp("delete " + name, () -> done.add(name));
    }
    assertThat(done).isEmpty();
    file.free();

    await().atMost(SOON).until(() -> done.size() == 10);
  }

  @Test
  void tidyingUpThatFailsHarmsNobody() throws IOException {
    steps.cleanUp(
        "delete",
        () -> {
          throw new IOException("not possible");
        });

    assertThat(steps.run("read", () -> 1)).isEqualTo(1);
  }

  @Test
  void aFailingDeviceAndAStaleHandleAreAStoreThatCannotBeUsed() {
    for (String text : List.of("Input/output error", "/mnt/x: Stale file handle")) {
      assertThatExceptionOfType(BlobStoreUnavailableException.class)
          .isThrownBy(
              () ->
                  steps.run(
                      "read",
                      () -> {
                        throw new IOException(text);
                      }))
          .withMessageContaining("store X")
          .withMessageContaining(text);
    }
  }

  @Test
  void afterItIsClosedCallsFailAndHangingStepsAreLeftAlone() throws Exception {
    hangAllButOne();
    steps.close();

    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> steps.run("read", () -> 1))
        .withMessageContaining("stopping");
  }

  private void hangAllButOne() {
    hang(THREADS - 1);
  }

  private void hangAll() {
    hang(THREADS);
  }

  private void hang(int threads) {
    for (int i = 0; i < threads; i++) {
      var unused = callers.submit(() -> steps.run("read", file.before(() -> 1)));
    }
    await().atMost(SOON).until(() -> steps.hanging() == threads);
  }
}
