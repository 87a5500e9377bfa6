package dev.assetmanagerd.clustertests.bench;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * One load at one concurrency for a while.
 *
 * @param latencies of the calls that were answered in that time, nanoseconds
 * @param nanos how long it was measured
 * @param failures calls that failed
 */
record Measurement(Histogram latencies, long nanos, long failures) {
  double callsPerSecond() {
    return latencies.getTotalCount() * (double) TimeUnit.SECONDS.toNanos(1) / nanos;
  }

  long calls() {
    return latencies.getTotalCount();
  }
}
