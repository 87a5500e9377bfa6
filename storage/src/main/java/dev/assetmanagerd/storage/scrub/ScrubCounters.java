package dev.assetmanagerd.storage.scrub;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What came of scrubbing one place since the node started. Thread-safe. */
public final class ScrubCounters {
  private final LongAdder blobs = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder corrupt = new LongAdder();
  private final LongAdder repaired = new LongAdder();
  private final LongAdder rounds = new LongAdder();
  private final LongAdder distrusted = new LongAdder();
  private final AtomicLong unrepaired = new AtomicLong();

  /** Bytes were read. */
  public void read(long count) {
    bytes.add(count);
  }

  /** A blob was looked at to its end. */
  public void checked() {
    blobs.increment();
  }

  /** A blob has wrong bytes. */
  public void foundCorrupt() {
    corrupt.increment();
  }

  /** A blob has its bytes again. */
  public void repair() {
    repaired.increment();
  }

  /** All there is was looked at. */
  public void roundEnds() {
    rounds.increment();
  }

  /** A round has stopped, for more was found wrong than there can be. */
  public void distrusted() {
    distrusted.increment();
  }

  /** Sets how many blobs are known to lack their bytes. */
  public void setUnrepaired(long count) {
    unrepaired.set(count);
  }

  /** Blobs looked at to their end. */
  public long blobs() {
    return blobs.sum();
  }

  /** Bytes read; fewer than the blobs have where a store attests their digests. */
  public long bytes() {
    return bytes.sum();
  }

  /** Blobs found with wrong bytes. */
  public long corrupt() {
    return corrupt.sum();
  }

  /** Blobs that got their bytes again from another copy. */
  public long repaired() {
    return repaired.sum();
  }

  /** Times that all there is was looked at. */
  public long rounds() {
    return rounds.sum();
  }

  /** Rounds that stopped because this node's reading is not to be trusted. */
  public long distrustedRounds() {
    return distrusted.sum();
  }

  /** Blobs known to lack their bytes now, for want of another copy. */
  public long unrepaired() {
    return unrepaired.get();
  }
}
