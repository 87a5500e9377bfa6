package dev.assetmanagerd.server;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * One thing that has to hold.
 *
 * @param name short, for a list
 * @param problem what is wrong, in a few words; empty when nothing is. Must not block
 */
record HealthCheck(String name, Supplier<Optional<String>> problem) {
  /** A check that is a condition. */
  static HealthCheck of(String name, Supplier<Boolean> holds, String problem) {
    return new HealthCheck(name, () -> holds.get() ? Optional.empty() : Optional.of(problem));
  }
}
