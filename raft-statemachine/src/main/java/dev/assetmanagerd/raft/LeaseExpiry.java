package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.ExpireLeases;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.registry.RegistryView;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends leases and sessions whose time has passed on the cluster clock, on the leader.
 *
 * <p>What is due is decided again when the command is applied, by the clock as it is there: that of
 * a leader that is deposed meanwhile does no harm. One batch is under way at a time, so that other
 * commands find their turn between two of them, and none is sent while nothing is due.
 */
final class LeaseExpiry {
  /** Leases that one entry ends at most, unless a session has more: a few milliseconds of work. */
  static final int BATCH = 250;

  private static final Logger LOG = LoggerFactory.getLogger(LeaseExpiry.class);
  private static final List<Command> EXPIRE =
      List.of(
          Command.newBuilder().setExpireLeases(ExpireLeases.newBuilder().setLimit(BATCH)).build());

  private final BooleanSupplier leading;
  private final Predicate<Function<RegistryView, Boolean>> registry;
  private final Function<List<Command>, CompletableFuture<ProposeResponse>> log;
  private final AtomicBoolean inFlight = new AtomicBoolean();

  /**
   * @param leading whether this node leads, and has committed an entry of its own term
   * @param registry asks this node's registry
   * @param log puts commands into the log as one entry
   */
  LeaseExpiry(
      BooleanSupplier leading,
      Predicate<Function<RegistryView, Boolean>> registry,
      Function<List<Command>, CompletableFuture<ProposeResponse>> log) {
    this.leading = leading;
    this.registry = registry;
    this.log = log;
  }

  /** Ends a batch if one is due and none is under way. To be called a few times a second. */
  void look() {
    if (!leading.getAsBoolean() || !inFlight.compareAndSet(false, true)) {
      return;
    }
    boolean sent = false;
    try {
      if (registry.test(RegistryView::expiryDue)) {
        var unused = log.apply(EXPIRE).whenComplete(this::ended);
        sent = true;
      }
    } catch (RegistryException e) {
      LOG.warn("cannot tell whether leases have expired", e);
    } finally {
      if (!sent) {
        inFlight.set(false);
      }
    }
  }

  /** Goes on at once where there is more; after a failure the next look is soon enough. */
  private void ended(@Nullable ProposeResponse response, @Nullable Throwable failure) {
    inFlight.set(false);
    if (failure != null) {
      LOG.debug("ending expired leases has to wait", failure);
    } else if (response != null
        && response.getOutcomesList().stream()
            .map(Outcome::getLeasesExpired)
            .anyMatch(expired -> expired.getMore())) {
      look();
    }
  }
}
