package dev.assetmanagerd.connect;

import io.grpc.Status;
import io.grpc.StatusException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds what the requests of all callers together may hold in memory, from the first byte received
 * until the handler has taken the message. The limit on one message alone is none on many callers,
 * each of which may send slowly. Thread-safe.
 */
final class MemoryBudget {
  private final long totalBytes;
  private final AtomicLong taken = new AtomicLong();

  MemoryBudget(long totalBytes) {
    this.totalBytes = totalBytes;
  }

  /**
   * Takes a share, to be given back.
   *
   * @throws StatusException {@code resource_exhausted} when there is not so much left; nothing is
   *     taken then
   */
  void take(long bytes) throws StatusException {
    if (taken.addAndGet(bytes) > totalBytes) {
      giveBack(bytes);
      throw Status.RESOURCE_EXHAUSTED
          .withDescription(
              "the requests under way hold all the memory there is for them; try again")
          .asException();
    }
  }

  void giveBack(long bytes) {
    taken.addAndGet(-bytes);
  }

  /** Bytes held now. */
  long takenBytes() {
    return taken.get();
  }
}
