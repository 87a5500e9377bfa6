package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.clustertests.chaos.history.Kind;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** How many calls of each kind were done. Thread-safe. */
final class Tally {
  private final Map<Kind, LongAdder> done = new EnumMap<>(Kind.class);

  Tally() {
    Arrays.stream(Kind.values()).forEach(kind -> done.put(kind, new LongAdder()));
  }

  void done(Kind kind) {
    adder(kind).increment();
  }

  long of(Kind kind) {
    return adder(kind).sum();
  }

  private LongAdder adder(Kind kind) {
    return java.util.Objects.requireNonNull(done.get(kind));
  }
}
