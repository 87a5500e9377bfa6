package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One client of a {@link Storm}: does its part again and again. Runs on one thread. */
abstract class StormActor implements Runnable {
  /** What all clients of a storm share. */
  record Shared(StormPool pool, LeaseBook book, StormLog log, CountDownLatch stop) {}

  private static final Set<String> ASSET_IS_GOING = Set.of("not_found", "failed_precondition");
  private static final long BACKOFF_MS = 50;
  private static final long HOLD_MAX_MS = 400;

  private final Shared shared;
  final AssetClient client;
  final SplittableRandom random;
  final String name;

  StormActor(String name, Shared shared, AssetClient client, SplittableRandom random) {
    this.name = name;
    this.shared = shared;
    this.client = client;
    this.random = random;
  }

  /** Does it once. */
  abstract void act() throws Exception;

  @Override
  public final void run() {
    while (!stopped(0)) {
      try {
        act();
      } catch (Exception e) {
        log().violated(name + " itself failed: " + e);
        stopped(BACKOFF_MS);
      }
    }
  }

  final StormPool pool() {
    return shared.pool();
  }

  final LeaseBook book() {
    return shared.book();
  }

  final StormLog log() {
    return shared.log();
  }

  /** Books a call that failed on an asset that may be collected at any time. */
  final void failed(String call, CallFailedException e, dev.assetmanagerd.api.v1.Asset asset) {
    if (ASSET_IS_GOING.contains(e.code())) {
      log().ended(call, e.code());
      pool().remove(asset);
    } else {
      failed(call, e);
    }
  }

  /** Books a call that failed without a right to. */
  final void failed(String call, CallFailedException e) {
    log().ended(call, e.code());
    if (!e.isRetryable() && !e.code().equals("resource_exhausted")) {
      log().violated(name + ": " + call + " failed: " + e.getMessage());
    }
    stopped(BACKOFF_MS);
  }

  /** Keeps a lease for a moment and gives it back. */
  final void holdAndRelease(LeaseBook.Held lease) {
    stopped(random.nextLong(HOLD_MAX_MS));
    book().releasing(lease);
    ReleaseAssetRequest request =
        ReleaseAssetRequest.newBuilder().setLeaseId(lease.leaseId()).build();
    boolean mayBeGone = false;
    do {
      try {
        client.call(stub -> stub.releaseAsset(request));
        log().ended("release", "ok");
        book().released(lease);
        return;
      } catch (CallFailedException e) {
        if (e.code().equals("not_found") && mayBeGone) {
          book().released(lease);
          return;
        }
        failed("release", e);
        mayBeGone |= e.mayHaveTakenEffect();
      }
    } while (!stopped(0));
  }

  /** Whether the client shall end; waits up to {@code millis} to hear it. */
  final boolean stopped(long millis) {
    try {
      return shared.stop().await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }
}
