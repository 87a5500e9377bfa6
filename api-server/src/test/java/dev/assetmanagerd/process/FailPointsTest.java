package dev.assetmanagerd.process;

import static dev.assetmanagerd.process.FailPoint.DELETE_AFTER_MARK;
import static dev.assetmanagerd.process.FailPoint.UPLOAD_AFTER_PUT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FailPointsTest {
  @TempDir private Path directory;
  private final AtomicInteger halts = new AtomicInteger();

  @Test
  void aStepForWhichNothingIsOrderedDoesNothing() throws IOException {
    order(UPLOAD_AFTER_PUT, "fail");

    failPoints().hit(DELETE_AFTER_MARK);
    FailPoints.off().hit(UPLOAD_AFTER_PUT);

    assertThat(mark(DELETE_AFTER_MARK)).doesNotExist();
    assertThat(mark(UPLOAD_AFTER_PUT)).doesNotExist();
  }

  @Test
  void aFailureIsThrownAtEachHitUntilItIsTakenBack() throws IOException {
    FailPoints failPoints = failPoints();
    order(DELETE_AFTER_MARK, "fail\n");

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> failPoints.hit(DELETE_AFTER_MARK))
          .isInstanceOf(FailPointException.class)
          .hasMessageContaining("delete.after-mark");
    }
    assertThat(mark(DELETE_AFTER_MARK)).hasContent("FAIL");
    Files.delete(directory.resolve(DELETE_AFTER_MARK.id()));
    assertThatCode(() -> failPoints.hit(DELETE_AFTER_MARK)).doesNotThrowAnyException();
  }

  @Test
  void aHaltLeavesItsMarkFirst() throws IOException {
    order(DELETE_AFTER_MARK, "halt");
    FailPoints failPoints =
        new DirectoryFailPoints(
            directory,
            () -> {
              assertThat(mark(DELETE_AFTER_MARK)).hasContent("HALT");
              halts.incrementAndGet();
            },
            Duration.ofSeconds(1));

    failPoints.hit(DELETE_AFTER_MARK);

    assertThat(halts).hasValue(1);
  }

  @Test
  void aPauseLastsUntilItsFileIsGone() throws Exception {
    FailPoints failPoints = failPoints();
    order(DELETE_AFTER_MARK, "pause");

    CompletableFuture<Void> step =
        CompletableFuture.runAsync(() -> failPoints.hit(DELETE_AFTER_MARK));

    await().atMost(Duration.ofSeconds(10)).until(() -> Files.exists(mark(DELETE_AFTER_MARK)));
    await()
        .during(Duration.ofMillis(200))
        .atMost(Duration.ofSeconds(5))
        .until(() -> !step.isDone());
    Files.delete(directory.resolve(DELETE_AFTER_MARK.id()));
    step.get(10, TimeUnit.SECONDS);
  }

  @Test
  void aPauseThatNobodyEndsFails() throws IOException {
    order(DELETE_AFTER_MARK, "pause");
    FailPoints failPoints =
        new DirectoryFailPoints(directory, halts::incrementAndGet, Duration.ofMillis(10));

    assertThatThrownBy(() -> failPoints.hit(DELETE_AFTER_MARK))
        .isInstanceOf(FailPointException.class)
        .hasMessageContaining("nobody took it back");
  }

  @Test
  void anUnknownOrderIsRefused() throws IOException {
    FailPoints failPoints = failPoints();
    order(DELETE_AFTER_MARK, "explode");

    assertThatThrownBy(() -> failPoints.hit(DELETE_AFTER_MARK))
        .isInstanceOf(FailPointException.class)
        .hasMessageContaining("\"explode\"");
  }

  @Test
  void anUnknownNameIsRefusedAtTheStart() throws IOException {
    Files.writeString(directory.resolve("delete.after-marc"), "halt");

    assertThatThrownBy(this::failPoints)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[delete.after-marc]");
  }

  @Test
  void aMissingDirectoryIsRefusedAtTheStart() {
    assertThatThrownBy(() -> FailPoints.in(directory.resolve("missing")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("missing");
    assertThatThrownBy(() -> FailPoints.in(Path.of("relative")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void ordersAndMarksOfEarlierRunsAreNoObstacle() throws IOException {
    order(DELETE_AFTER_MARK, "fail");
    Files.writeString(mark(UPLOAD_AFTER_PUT), "HALT");

    assertThatCode(this::failPoints).doesNotThrowAnyException();
  }

  @Test
  void idsAreDistinctAndLookedUpByName() {
    assertThat(Arrays.stream(FailPoint.values()).map(FailPoint::id)).doesNotHaveDuplicates();
    for (FailPoint point : FailPoint.values()) {
      assertThat(FailPoint.ofId(point.id())).contains(point);
    }
    assertThat(FailPoint.ofId("delete.after")).isEmpty();
  }

  private FailPoints failPoints() {
    return FailPoints.in(directory);
  }

  private void order(FailPoint point, String action) throws IOException {
    Files.writeString(directory.resolve(point.id()), action);
  }

  private Path mark(FailPoint point) {
    return directory.resolve(point.id() + ".hit");
  }
}
