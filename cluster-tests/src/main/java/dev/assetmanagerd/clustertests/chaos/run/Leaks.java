package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.LeaseLists;
import dev.assetmanagerd.clustertests.observe.QuietLeases;
import dev.assetmanagerd.clustertests.observe.StoreAudit;
import dev.assetmanagerd.clustertests.observe.StoreView;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.garbage.v1.SweepOrphansRequest;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.Session;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** What is left of calls that ended half-way, when all is quiet and the store has been swept. */
final class Leaks {
  private static final Duration GONE_MAX = Duration.ofSeconds(60);

  /** Nodes that were killed at work leave leases that live for a minute. */
  private static final Duration ENDS_MAX = Duration.ofSeconds(90);

  private static final Duration LOOK_EVERY = Duration.ofMillis(500);
  private static final long CALL_MAX_SECONDS = 20;

  private final StoreView store;
  private final AssetClient client;
  private final QuietLeases leases;
  private final LongSupplier nanoClock;

  /**
   * Looks at nothing yet.
   *
   * @param closedSessions that cannot be there any more
   */
  Leaks(StoreView store, AssetClient client, Set<String> closedSessions, LongSupplier nanoClock) {
    this.store = store;
    this.client = client;
    this.leases = new QuietLeases(closedSessions);
    this.nanoClock = nanoClock;
  }

  /** Waits until nothing is there that should not be, for so long as it may. */
  List<Verdict> look() {
    List<Finding> held = await("leases end", ENDS_MAX, this::heldOver);
    String ended = Integer.toString(leases.ended());
    List<Finding> left = await("nothing is left over", GONE_MAX, this::leftOver);
    return List.of(
        Verdict.of("leases and sessions end in the end", held, Map.of("waited for", ended)),
        Verdict.of("nothing is left over", left, Map.of()));
  }

  /**
   * What is wrong at a look.
   *
   * @param isFinal whether it need not be looked at again
   */
  private record Wrong(List<String> what, boolean isFinal) {
    private Wrong {
      what = List.copyOf(what);
    }
  }

  private static List<Finding> await(String condition, Duration most, Supplier<Wrong> look) {
    List<String> last = new ArrayList<>(List.of("nobody has looked yet"));
    try {
      Awaitility.await(condition)
          .atMost(most)
          .pollInterval(LOOK_EVERY)
          .pollDelay(Duration.ZERO)
          .until(
              () -> {
                Wrong wrong = look.get();
                last.clear();
                last.addAll(wrong.what());
                return wrong.isFinal();
              });
    } catch (ConditionTimeoutException late) {
      // What there is to say is in the list.
    }
    return last.stream().map(what -> new Finding(what, List.of())).toList();
  }

  private Wrong heldOver() {
    try {
      List<Asset> assets = new ArrayList<>(client.listAll());
      List<Lease> listed = LeaseLists.leases(client);
      List<Session> sessions = LeaseLists.sessions(client);
      QuietLeases.Look look = leases.look(assets, listed, sessions, nanoClock.getAsLong());
      boolean broken = !look.broken().isEmpty();
      return new Wrong(broken ? look.broken() : look.notYet(), broken || look.isFine());
    } catch (CallFailedException e) {
      return new Wrong(List.of("could not look: " + e), false);
    }
  }

  private Wrong leftOver() {
    try {
      sweep();
      List<String> left = new ArrayList<>();
      client
          .list(AssetStatus.ASSET_STATUS_DELETING)
          .forEach(asset -> left.add("still being deleted: " + asset.getId()));
      left.addAll(StoreAudit.check(store, client.listAll()));
      return new Wrong(left, left.isEmpty());
    } catch (CallFailedException | IOException e) {
      return new Wrong(List.of("could not look: " + e), false);
    }
  }

  private void sweep() throws CallFailedException {
    SweepOrphansRequest request =
        SweepOrphansRequest.newBuilder().setMinAgeSeconds(1).setAllowEmptyRegistry(true).build();
    var unused =
        client.over(
            channel ->
                GarbageServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(CALL_MAX_SECONDS, TimeUnit.SECONDS)
                    .sweepOrphans(request));
  }
}
