package dev.assetmanagerd.storage.scrub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ScrubRateTest {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - SECOND);
  private final CountDownLatch closed = new CountDownLatch(1);
  private long waited;
  private final ScrubRate rate =
      new ScrubRate(
          1000,
          nanos::get,
          closed,
          wait -> {
            waited += wait;
            nanos.addAndGet(wait);
            return closed.getCount() == 0;
          });

  @Test
  void readingTakesAsLongAsTheRateSays() {
    for (int i = 0; i < 10; i++) {
      rate.accept(500);
    }

    assertThat(waited).isEqualTo(5 * SECOND);
  }

  @Test
  void timeSpentReadingCountsAndTimeSpentIdleIsNotMadeUpFor() {
    rate.accept(1000);
    nanos.addAndGet(SECOND / 4); // reading the next ones took that long
    waited = 0;
    rate.accept(1000);
    assertThat(waited).isEqualTo(SECOND);

    nanos.addAndGet(3600 * SECOND);
    waited = 0;
    rate.accept(1000);
    rate.accept(1000);
    assertThat(waited).as("after an hour of nothing").isEqualTo(2 * SECOND);
  }

  @Test
  void closingEndsAllWaits() {
    rate.close();

    assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> rate.accept(1));
    assertThat(waited).isZero();
  }

  @Test
  void aRateOfNothingIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> ScrubRate.of(0));
  }

  @Test
  void aRoundBeginsWhereAnEvenScrubWouldBeByNow() {
    Duration week = Duration.ofDays(7);

    assertThat(ScrubStart.at(0, week)).isEqualTo("0000");
    assertThat(ScrubStart.at(week.toMillis() / 2, week)).isEqualTo("8000");
    assertThat(ScrubStart.at(week.toMillis() - 1, week)).isEqualTo("ffff");
    assertThat(ScrubStart.at(week.multipliedBy(2900).toMillis(), week)).isEqualTo("0000");
    assertThat(ScrubStart.at(5, Duration.ofNanos(1))).isEqualTo("0000");
  }
}
