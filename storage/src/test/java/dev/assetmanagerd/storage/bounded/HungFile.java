package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.file.StaleHandles.IoCall;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Calls that do not return before it is freed, like those into a file system whose server is gone.
 */
final class HungFile {
  private final CountDownLatch freed = new CountDownLatch(1);
  private final AtomicInteger inside = new AtomicInteger();

  /** A call that hangs and then does this. */
  <T> IoCall<T> before(IoCall<T> call) {
    return () -> {
      hang();
      return call.run();
    };
  }

  void hang() throws IOException {
    inside.incrementAndGet();
    boolean free = false;
    while (!free) {
      try {
        free = freed.await(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        // As in the kernel: no interrupt ends it.
      }
    }
    inside.decrementAndGet();
  }

  /** How many threads hang in it. */
  int inside() {
    return inside.get();
  }

  void free() {
    freed.countDown();
  }
}
