package dev.assetmanagerd.storage.cache;

import java.util.function.BooleanSupplier;

/** Room set aside for one blob on its way in. Immutable. */
final class Reservation {
  final long sizeBytes;

  /** Whether it is certain to be given back in a moment. Asked under locks: it must take none. */
  final BooleanSupplier ending;

  Reservation(long sizeBytes, BooleanSupplier ending) {
    this.sizeBytes = sizeBytes;
    this.ending = ending;
  }
}
