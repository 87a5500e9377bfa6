package dev.assetmanagerd.clustertests.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One client: acquire, release, again and again, keeping some leases. Runs on one thread. */
final class LeaseLoop implements Runnable {
  static final Duration CALL_MAX = Duration.ofSeconds(10);

  private static final int KEEP_EVERY = 16;
  private static final long PAUSE_MS = 25;

  private final String name;
  private final List<LeaseClient> clients;
  private final CountDownLatch stop;
  private final AckClock acks;
  private final LeaseLedger ledger;
  private int current;

  LeaseLoop(
      int number, String assetId, List<LeaseClient> clients, CountDownLatch stop, AckClock acks) {
    this.name = "loop-" + number;
    this.clients = clients;
    this.stop = stop;
    this.acks = acks;
    this.ledger = new LeaseLedger(assetId);
  }

  /** Complete only when the loop has ended. */
  LeaseLedger ledger() {
    return ledger;
  }

  @Override
  public void run() {
    for (int round = 1; !stopped(0); round++) {
      String lease = acquireOnce();
      if (lease == null) {
        continue;
      }
      if (round % KEEP_EVERY == 0) {
        ledger.held(lease);
      } else {
        release(lease);
      }
    }
  }

  private @org.jspecify.annotations.Nullable String acquireOnce() {
    long begin = System.nanoTime();
    try {
      String lease = clients.get(current).acquire(ledger.assetId(), name, CALL_MAX);
      succeeded(begin);
      return lease;
    } catch (CallFailedException e) {
      failed(e, begin);
      if (e.mayHaveTakenEffect()) {
        ledger.unknownAcquire();
      }
      return null;
    }
  }

  /** Tries until the answer is a definite one, or the loop is told to stop. */
  private void release(String lease) {
    boolean mayBeGone = false;
    do {
      long begin = System.nanoTime();
      try {
        clients.get(current).release(lease, CALL_MAX);
        succeeded(begin);
        return;
      } catch (CallFailedException e) {
        if (e.code().equals("not_found")) {
          if (!mayBeGone) {
            ledger.violated("lease " + lease + " was acknowledged and is gone: " + e.getMessage());
          }
          return;
        }
        failed(e, begin);
        mayBeGone |= e.mayHaveTakenEffect();
      }
    } while (!stopped(0));
    if (mayBeGone) {
      ledger.unknownAcquire(); // there or not, as after an acquire of unknown outcome
    } else {
      ledger.held(lease);
    }
  }

  private void succeeded(long begin) {
    long now = System.nanoTime();
    ledger.acknowledged(now - begin);
    acks.acknowledged(begin, now);
  }

  private void failed(CallFailedException e, long begin) {
    ledger.failed(e, System.nanoTime() - begin);
    if (!e.isRetryable()) {
      ledger.violated("unexpected failure " + e.getMessage());
    }
    current = (current + 1) % clients.size();
    stopped(PAUSE_MS);
  }

  /** Whether the loop shall end; waits up to {@code millis} to hear it. */
  private boolean stopped(long millis) {
    try {
      return stop.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }
}
