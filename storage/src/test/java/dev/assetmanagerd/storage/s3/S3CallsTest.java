package dev.assetmanagerd.storage.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class S3CallsTest {
  private final List<String> discarded = new ArrayList<>();

  /** Its answer comes just when it is given up. */
  private static final class LateAnswer extends CompletableFuture<String> {
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      complete("late");
      return super.cancel(mayInterruptIfRunning);
    }
  }

  @Test
  void anAnswerThatComesAsTheTimeIsUpIsDiscardedAndNotForgotten() {
    assertThatExceptionOfType(TimeoutException.class)
        .isThrownBy(
            () -> S3Calls.awaitWithin(Duration.ofMillis(1), new LateAnswer(), discarded::add));

    assertThat(discarded).containsExactly("late");
  }

  @Test
  void soIsOneThatComesAsTheWaitIsInterrupted() {
    Thread.currentThread().interrupt();

    assertThatExceptionOfType(InterruptedIOException.class)
        .isThrownBy(
            () -> S3Calls.awaitWithin(Duration.ofSeconds(9), new LateAnswer(), discarded::add));

    assertThat(Thread.interrupted()).as("the thread is still interrupted").isTrue();
    assertThat(discarded).containsExactly("late");
  }

  @Test
  void anAnswerThatNeverComesIsCancelled() {
    CompletableFuture<String> never = new CompletableFuture<>();

    assertThatExceptionOfType(TimeoutException.class)
        .isThrownBy(() -> S3Calls.awaitWithin(Duration.ofMillis(1), never, discarded::add));

    assertThat(never).isCancelled();
    assertThat(discarded).isEmpty();
  }
}
