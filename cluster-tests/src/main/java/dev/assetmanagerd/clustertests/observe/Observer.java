package dev.assetmanagerd.clustertests.observe;

import dev.assetmanagerd.clustertests.client.CallFailedException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Looks again and again, on a thread of its own, until it is stopped. Thread-safe. */
public abstract class Observer implements AutoCloseable {
  private static final Duration STOP_MAX = Duration.ofSeconds(60);

  private final Findings findings;
  private final Duration pause;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final Thread thread;

  /**
   * An observer that does not look yet.
   *
   * @param pause between two looks
   */
  Observer(String name, Duration pause) {
    this.findings = new Findings(name);
    this.pause = pause;
    this.thread = new Thread(this::run, "observer-" + name);
    thread.setDaemon(true);
  }

  /** Looks once. A call that failed is a look that was missed; anything else thrown is a bug. */
  abstract void look(Findings findings) throws Exception;

  /** Begins to look. */
  public final void start() {
    thread.start();
  }

  /** What was seen so far. */
  public final Findings findings() {
    return findings;
  }

  /** Ends the looking, after the look at hand. */
  public final Findings stop() {
    stop.countDown();
    try {
      thread.join(STOP_MAX.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    if (thread.isAlive()) {
      findings.violated("a look did not end within " + STOP_MAX);
    }
    return findings;
  }

  @Override
  public final void close() {
    stop.countDown();
    thread.interrupt();
  }

  private void run() {
    try {
      do {
        lookOnce();
      } while (!stop.await(pause.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void lookOnce() {
    try {
      look(findings);
      findings.count("looks", 1);
    } catch (CallFailedException e) {
      findings.count(e.isRetryable() ? "missed looks" : "failed looks", 1);
      if (!e.isRetryable()) {
        findings.violated("a look failed: " + e.getMessage());
      }
    } catch (Exception e) {
      findings.violated("the observer itself failed: " + e);
    }
  }
}
