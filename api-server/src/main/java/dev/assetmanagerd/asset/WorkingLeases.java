package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LeasesGranted;
import dev.assetmanagerd.log.v1.ReleaseLeases;
import dev.assetmanagerd.log.v1.RenewLeases;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leases of this node's own, on assets whose bytes it is working with. They are renewed meanwhile,
 * so the work may take long; and they are short, so that a node that dies over it holds nothing for
 * long. Thread-safe.
 */
final class WorkingLeases {
  private static final Logger log = LoggerFactory.getLogger(WorkingLeases.class);
  private static final Duration STEP = Duration.ofSeconds(10);

  private final RegistryAccess registry;
  private final ScheduledExecutorService timer;
  private final String holderPrefix;
  private final Duration ttl;

  /**
   * @param timer renews; is not blocked
   * @param holderPrefix what the names of the holders begin with
   * @param ttl how long they outlive this node; renewed three times as often
   */
  WorkingLeases(
      RegistryAccess registry, ScheduledExecutorService timer, String holderPrefix, Duration ttl) {
    this.registry = registry;
    this.timer = timer;
    this.holderPrefix = holderPrefix;
    this.ttl = ttl;
  }

  /**
   * Takes one lease on each asset, or none. Waits on the calling thread.
   *
   * @param purpose for people who look at the list of leases
   */
  Held take(CallScope scope, List<String> assetIds, String purpose, Deadline deadline) {
    Command.Builder command =
        Command.newBuilder()
            .setAcquireLeases(
                AcquireLeases.newBuilder()
                    .addAllAssetIds(assetIds)
                    .setAcquiredBy(holder(purpose))
                    .setTtlSeconds(ttl.toSeconds()));
    return new Held(scope, registry.proposeAndWait(scope, command, deadline).getLeasesGranted());
  }

  private String holder(String purpose) {
    String holder = holderPrefix + purpose;
    int chars = holder.codePointCount(0, holder.length());
    return chars <= Fields.MAX_NAME_CHARS
        ? holder
        : holder.substring(0, holder.offsetByCodePoints(0, Fields.MAX_NAME_CHARS));
  }

  private static Deadline ofOneStep() {
    return Deadline.after(STEP.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Leases that are held until this is closed. */
  final class Held implements AutoCloseable {
    private final CallScope scope;
    private final List<Asset> assets;
    private final List<String> leaseIds;
    private final ScheduledFuture<?> renewal;

    private Held(CallScope scope, LeasesGranted granted) {
      this.scope = scope;
      this.assets = granted.getAssetsList();
      this.leaseIds = granted.getLeaseIdsList();
      long pauseMillis = Math.max(1, ttl.toMillis() / 3);
      this.renewal =
          timer.scheduleWithFixedDelay(
              this::renew, pauseMillis, pauseMillis, TimeUnit.MILLISECONDS);
    }

    /** The assets as they were when the leases were taken, in the order asked for. */
    List<Asset> assets() {
      return assets;
    }

    private void renew() {
      Command.Builder command =
          Command.newBuilder().setRenewLeases(RenewLeases.newBuilder().addAllLeaseIds(leaseIds));
      var unused =
          registry
              .propose(scope, command, ofOneStep())
              .whenComplete(
                  (outcome, failure) -> {
                    if (failure != null) {
                      // Without a leader the leases' time stands still, too.
                      log.warn("leases {} are not renewed yet", leaseIds, failure);
                    }
                  });
    }

    /** Gives the leases back, and waits until that is done or has failed. */
    @Override
    public void close() {
      renewal.cancel(false);
      Command.Builder command =
          Command.newBuilder()
              .setReleaseLeases(ReleaseLeases.newBuilder().addAllLeaseIds(leaseIds));
      try {
        var unused = registry.proposeAndWait(scope, command, ofOneStep());
      } catch (RuntimeException e) {
        log.warn("leases {} could not be given back; they end by themselves", leaseIds, e);
      }
    }
  }
}
