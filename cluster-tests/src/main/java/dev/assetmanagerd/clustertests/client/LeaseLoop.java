package dev.assetmanagerd.clustertests.client;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** One client: acquire, release, again and again, keeping some leases. Runs on one thread. */
final class LeaseLoop implements Runnable {
  static final Duration CALL_MAX = Duration.ofSeconds(10);

  private static final int KEEP_EVERY = 16;
  private static final Duration PERSIST_MAX = Duration.ofSeconds(45);
  private static final long PAUSE_MS = 25;

  private final String name;
  private final List<LeaseClient> clients;
  private final CountDownLatch stop;
  private final AckClock acks;
  private final LeaseLedger ledger;
  private final boolean persistent;
  private int current;

  /**
   * @param persistent repeats an acquire under one key until its outcome is known
   */
  LeaseLoop(
      int number,
      String assetId,
      List<LeaseClient> clients,
      CountDownLatch stop,
      AckClock acks,
      boolean persistent) {
    this.name = "loop-" + number;
    this.clients = clients;
    this.stop = stop;
    this.acks = acks;
    this.ledger = new LeaseLedger(assetId);
    this.persistent = persistent;
  }

  /** Complete only when the loop has ended. */
  LeaseLedger ledger() {
    return ledger;
  }

  @Override
  public void run() {
    for (int round = 1; !stopped(0); round++) {
      String lease = persistent ? acquirePersistently() : acquireOnce();
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

  private @Nullable String acquireOnce() {
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

  private @Nullable String acquirePersistently() {
    String key = name + "-" + UUID.randomUUID();
    long giveUp = System.nanoTime() + PERSIST_MAX.toNanos();
    do {
      long begin = System.nanoTime();
      try {
        String lease = clients.get(current).acquireOnce(key, ledger.assetId(), name, CALL_MAX);
        succeeded(begin);
        return lease;
      } catch (CallFailedException e) {
        failed(e, begin);
        pause(); // also when told to stop: what became of it is to be known
      }
    } while (System.nanoTime() - giveUp < 0);
    ledger.unknownAcquire();
    ledger.violated("an acquire did not succeed within " + PERSIST_MAX);
    return null;
  }

  private static void pause() {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PAUSE_MS));
  }

  /** Tries until the answer is a definite one, or the loop is told to stop. */
  private void release(String lease) {
    boolean mayBeGone = false;
    long giveUp = System.nanoTime() + PERSIST_MAX.toNanos();
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
    } while (persistent ? System.nanoTime() - giveUp < 0 : !stopped(0));
    if (persistent) {
      ledger.violated("a release did not succeed within " + PERSIST_MAX);
    }
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
