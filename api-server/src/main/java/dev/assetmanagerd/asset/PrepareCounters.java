package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.place.PlacedFile;
import dev.assetmanagerd.storage.place.PlacementMethod;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** What has been prepared on this node since it started. Thread-safe. */
public final class PrepareCounters {
  private final LongAdder preparations = new LongAdder();
  private final LongAdder nanos = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final LongAdder bytesCopied = new LongAdder();
  private final Map<PlacementMethod, LongAdder> files = new EnumMap<>(PlacementMethod.class);

  PrepareCounters() {
    for (PlacementMethod method : PlacementMethod.values()) {
      files.put(method, new LongAdder());
    }
  }

  void prepared(long tookNanos) {
    preparations.increment();
    nanos.add(tookNanos);
  }

  void failed() {
    failures.increment();
  }

  void placed(List<PlacedFile> placed) {
    for (PlacedFile file : placed) {
      adder(file.method()).increment();
      if (file.method() == PlacementMethod.COPIED) {
        bytesCopied.add(file.sizeBytes());
      }
    }
  }

  private LongAdder adder(PlacementMethod method) {
    return Objects.requireNonNull(files.get(method));
  }

  /** Preparations that succeeded. */
  public long preparations() {
    return preparations.sum();
  }

  /** How long these took in all, waiting for bytes included, nanoseconds. */
  public long preparationNanos() {
    return nanos.sum();
  }

  /** Preparations that failed, those of bad requests included. */
  public long failures() {
    return failures.sum();
  }

  /** Files placed in this way. */
  public long files(PlacementMethod method) {
    return adder(method).sum();
  }

  /** Bytes that were copied because they could be neither linked nor shared. */
  public long bytesCopied() {
    return bytesCopied.sum();
  }
}
