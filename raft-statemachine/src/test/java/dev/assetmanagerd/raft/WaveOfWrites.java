package dev.assetmanagerd.raft;

import static dev.assetmanagerd.raft.TestCluster.seconds;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Registers new assets with a fixed number of calls in flight. */
final class WaveOfWrites {
  private final RaftNode node;
  private final int inFlight;
  private final int total;
  private double perSecond;

  WaveOfWrites(RaftNode node, int inFlight, int total) {
    this.node = node;
    this.inFlight = inFlight;
    this.total = total;
  }

  void run() throws InterruptedException {
    var permits = new Semaphore(inFlight);
    var done = new CountDownLatch(total);
    var failure = new AtomicReference<Throwable>();
    long started = System.nanoTime();
    for (int i = 0; i < total; i++) {
      permits.acquire();
      var unused =
          node.propose(TestCommands.register("w-" + System.nanoTime() + "-" + i), seconds(30))
              .whenComplete(
                  (committed, thrown) -> {
                    if (thrown != null) {
                      failure.compareAndSet(null, thrown);
                    }
                    permits.release();
                    done.countDown();
                  });
    }
    if (!done.await(40, TimeUnit.SECONDS)) {
      throw new AssertionError(done.getCount() + " writes are not done");
    }
    if (failure.get() != null) {
      throw new AssertionError("a write failed", failure.get());
    }
    perSecond = total / ((System.nanoTime() - started) / 1e9);
  }

  double perSecond() {
    return perSecond;
  }
}
