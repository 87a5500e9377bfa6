package dev.assetmanagerd.clustertests;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.observe.LeaseWatch;
import dev.assetmanagerd.clustertests.observe.Promise;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.KeepSessionRequest;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc.LeaseServiceBlockingStub;
import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import dev.assetmanagerd.lease.v1.RenewLeasesRequest;
import dev.assetmanagerd.lease.v1.RenewLeasesResponse;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Clients that take leases of all kinds, keep them alive for a while, and then fall silent. What
 * they were promised they tell a {@link LeaseWatch}. Thread-safe.
 */
final class LeaseTenants implements AutoCloseable {
  private static final Duration CALL_MAX = Duration.ofSeconds(3);
  private static final List<Integer> TTL_SECONDS = List.of(2, 3, 5, 8, 12, 20);
  private static final int SESSION_TTL_SECONDS = 4;
  private static final int SESSION_GRACE_SECONDS = 3;
  private static final int LEASES_PER_SESSION = 5;
  private static final long KEEP_INTERVAL_MS = 1_500;
  private static final int THREADS = 8;

  private final List<Node> nodes;
  private final List<String> assets;
  private final LeaseWatch watch;
  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(THREADS);
  private final AtomicInteger calls = new AtomicInteger();
  private final Queue<String> violations = new ConcurrentLinkedQueue<>();
  private final AtomicInteger failed = new AtomicInteger();

  LeaseTenants(List<Node> nodes, List<String> assets, LeaseWatch watch) {
    this.nodes = nodes;
    this.assets = assets;
    this.watch = watch;
  }

  /** Promises that answers to calls have shown to be broken, and calls that failed oddly. */
  List<String> violations() {
    return List.copyOf(violations);
  }

  int failedCalls() {
    return failed.get();
  }

  /** Takes a lease that has no end. */
  void takeForEver() throws CallFailedException {
    AcquireAssetRequest request =
        AcquireAssetRequest.newBuilder().setAssetId(asset()).setAcquiredBy("for-ever").build();
    watch.watch(client().call(stub -> stub.acquireAsset(request)).getLeaseId(), null);
  }

  /** Sets going a tenant of one lease, renewed a few times or not at all. */
  void single(SplittableRandom random) {
    int ttlSeconds = TTL_SECONDS.get(random.nextInt(TTL_SECONDS.size()));
    int renewals = random.nextInt(4);
    threads.execute(
        guarded(
            () -> {
              long begin = System.nanoTime();
              AcquireAssetRequest request =
                  AcquireAssetRequest.newBuilder()
                      .setAssetId(asset())
                      .setAcquiredBy("single")
                      .setTtlSeconds(ttlSeconds)
                      .build();
              String id = client().call(stub -> stub.acquireAsset(request)).getLeaseId();
              Promise promise = new Promise(Duration.ofSeconds(ttlSeconds), begin);
              watch.watch(id, promise);
              renewLater(id, promise, ttlSeconds * 500L, renewals);
            }));
  }

  private void renewLater(String id, Promise promise, long afterMs, int times) {
    if (times > 0) {
      var unused =
          threads.schedule(
              guarded(
                  () -> {
                    if (extend(promise, () -> renew(id))) {
                      renewLater(id, promise, afterMs, times - 1);
                    }
                  }),
              afterMs,
              TimeUnit.MILLISECONDS);
    }
  }

  private boolean renew(String id) throws CallFailedException {
    RenewLeasesRequest request = RenewLeasesRequest.newBuilder().addLeaseIds(id).build();
    RenewLeasesResponse response = leases(stub -> stub.renewLeases(request));
    return response.getRenewedCount() == 1;
  }

  /** Sets going a host with a session that is kept for a while. */
  void session(int keeps) {
    threads.execute(
        guarded(
            () -> {
              long begin = System.nanoTime();
              OpenSessionRequest request =
                  OpenSessionRequest.newBuilder()
                      .setHost("host")
                      .setTtlSeconds(SESSION_TTL_SECONDS)
                      .setGraceSeconds(SESSION_GRACE_SECONDS)
                      .build();
              String session = leases(stub -> stub.openSession(request)).getSession().getId();
              Promise promise =
                  new Promise(
                      Duration.ofSeconds(SESSION_TTL_SECONDS + SESSION_GRACE_SECONDS), begin);
              for (int i = 0; i < LEASES_PER_SESSION; i++) {
                takeIn(session, promise);
              }
              keepLater(session, promise, keeps);
            }));
  }

  private void takeIn(String session, Promise promise) throws CallFailedException {
    AcquireLeasesRequest request =
        AcquireLeasesRequest.newBuilder()
            .addAssetIds(asset())
            .setAcquiredBy("in-session")
            .setSessionId(session)
            .build();
    for (Lease lease : leases(stub -> stub.acquireLeases(request)).getLeasesList()) {
      watch.watch(lease.getId(), promise);
    }
  }

  private void keepLater(String session, Promise promise, int times) {
    if (times > 0) {
      var unused =
          threads.schedule(
              guarded(
                  () -> {
                    if (extend(promise, () -> keep(session))) {
                      keepLater(session, promise, times - 1);
                    }
                  }),
              KEEP_INTERVAL_MS,
              TimeUnit.MILLISECONDS);
    }
  }

  private boolean keep(String session) throws CallFailedException {
    KeepSessionRequest request = KeepSessionRequest.newBuilder().setSessionId(session).build();
    try {
      leases(stub -> stub.keepSession(request));
      return true;
    } catch (CallFailedException e) {
      if (e.code().equals("not_found")) {
        return false;
      }
      throw e;
    }
  }

  /** A call that lets something live longer; false when it is gone. */
  private interface Extension {
    boolean run() throws CallFailedException;
  }

  /** Tries until there is an answer, or long after the end. */
  private boolean extend(Promise promise, Extension extension) {
    while (System.nanoTime() - promise.surelyUntil() < Duration.ofSeconds(30).toNanos()) {
      long begin = System.nanoTime();
      try {
        if (extension.run()) {
          promise.renewed(begin);
          return true;
        }
        if (System.nanoTime() - promise.surelyUntil() < 0) {
          violations.add("gone before its time, says the answer to a renewal");
        }
        return false;
      } catch (CallFailedException e) {
        failedCall(e);
        if (e.mayHaveTakenEffect()) {
          promise.perhapsRenewed();
        }
      }
    }
    return false;
  }

  private interface Task {
    void run() throws CallFailedException;
  }

  private Runnable guarded(Task task) {
    return () -> {
      try {
        task.run();
      } catch (CallFailedException e) {
        failedCall(e);
      } catch (RuntimeException e) {
        violations.add("a tenant itself failed: " + e);
      }
    };
  }

  private void failedCall(CallFailedException e) {
    failed.incrementAndGet();
    if (!e.isRetryable() && !e.code().equals("not_found")) {
      violations.add("a call failed: " + e.getMessage());
    }
  }

  private <T> T leases(Function<LeaseServiceBlockingStub, T> call) throws CallFailedException {
    return client()
        .over(
            channel ->
                call.apply(
                    LeaseServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(CALL_MAX.toMillis(), TimeUnit.MILLISECONDS)));
  }

  private AssetClient client() {
    return new AssetClient(nodes, calls.incrementAndGet(), CALL_MAX);
  }

  private String asset() {
    return assets.get(Math.floorMod(calls.incrementAndGet(), assets.size()));
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
