package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.observe.Promise;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The leases that a client holds, as far as it knows; not those of its session. For one thread. */
final class Pocket {
  private static final int FOR_EVER_MAX = 10;
  private static final int MORTAL_MAX = 12;

  /**
   * A lease.
   *
   * @param ttlMillis 0 = it has no end
   * @param booked as it is in the book; null for one that may end without our doing
   * @param promise null for one that nobody has a stopwatch on
   */
  record Lease(
      String id,
      String asset,
      long ttlMillis,
      LeaseBook.@Nullable Held booked,
      @Nullable Promise promise) {
    boolean isMortal() {
      return ttlMillis > 0;
    }

    /** Whether it is to be left to its end. */
    boolean isTimed() {
      return promise != null;
    }
  }

  private final List<Lease> leases = new ArrayList<>();

  void add(Lease lease) {
    leases.add(lease);
    if (leases.stream().filter(Lease::isMortal).count() > MORTAL_MAX) {
      any(Lease::isMortal).ifPresent(leases::remove);
    }
  }

  void remove(Lease lease) {
    leases.remove(lease);
  }

  void removeAll(Collection<String> ids) {
    leases.removeIf(lease -> ids.contains(lease.id()));
  }

  /** Whether some should be given back before more are taken. */
  boolean isFull() {
    return leases.stream().filter(lease -> !lease.isMortal()).count() >= FOR_EVER_MAX;
  }

  /** The one held longest of some. */
  private Optional<Lease> any(Predicate<Lease> which) {
    return leases.stream().filter(which).findFirst();
  }

  /** One of some. */
  Optional<Lease> any(RandomGenerator random, Predicate<Lease> which) {
    List<Lease> some = leases.stream().filter(which).toList();
    return some.isEmpty() ? Optional.empty() : Optional.of(some.get(random.nextInt(some.size())));
  }

  List<Lease> all() {
    return List.copyOf(leases);
  }
}
