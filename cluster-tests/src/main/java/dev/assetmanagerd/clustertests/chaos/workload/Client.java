package dev.assetmanagerd.clustertests.chaos.workload;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * One client: draws what to do next, does it, waits for its turn. When it is told to stop it ends
 * after the call at hand, and gives back what it holds where it is told to. Runs on one thread.
 */
final class Client implements Runnable {
  private static final int WANTED_MAX = 40;
  private static final int SEVERAL_MAX = 4;
  private static final int IDLE_SECONDS_LEAST = 5;
  private static final int IDLE_SECONDS_MORE = 20;
  private static final double WANTED_SHARE = 0.9;
  private static final double MAKING_SHARE = 0.25;

  /**
   * When to end.
   *
   * @param stop at 0, no further step is begun
   * @param release whether to give back what is held then; asked after the stop
   */
  record Ending(CountDownLatch stop, java.util.function.BooleanSupplier release) {}

  private final Ground ground;
  private final Caller caller;
  private final AssetSteps assets;
  private final LeaseSteps leases;
  private final SessionSteps session;
  private final Optional<PrepareSteps> prepares;
  private final Mix mix;
  private final Ending ending;
  private final Deque<AssetSpec> wanted = new ArrayDeque<>();

  /**
   * @param name of the host or VM that holds its leases
   * @param number of the client; decides which assets it makes first
   */
  Client(Ground ground, Caller caller, String name, int number, Ending ending) {
    this.ground = ground;
    this.caller = caller;
    this.ending = ending;
    this.assets = new AssetSteps(ground, caller);
    this.leases = new LeaseSteps(ground, caller, name);
    this.session = new SessionSteps(ground, caller, name);
    this.prepares =
        ground
            .options()
            .jails()
            .map(jails -> new PrepareSteps(ground, caller, session, jails, name));
    this.mix = prepares.isPresent() ? Mix.ofAll() : Mix.ofAll().without(Step.PREPARE);
    ground.catalogue().share(number, ground.options().clients()).stream()
        .limit(WANTED_MAX)
        .forEach(wanted::addLast);
  }

  @Override
  public void run() {
    long interval = (long) (1e9 * ground.options().clients() / ground.options().callsPerSecond());
    long next = System.nanoTime() + caller.random().nextLong(interval);
    while (!stopped(next - System.nanoTime())) {
      step(next());
      // Half as long to one and a half times; what was missed is not made up for.
      next += interval / 2 + caller.random().nextLong(interval);
      next = Math.max(next, System.nanoTime());
    }
    if (ending.release().getAsBoolean()) {
      session.end();
      leases.releaseAll();
    }
  }

  private boolean stopped(long nanos) {
    try {
      return ending.stop().await(Math.max(0, nanos), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private Step next() {
    boolean making = !wanted.isEmpty() && caller.random().nextDouble() < MAKING_SHARE;
    return making ? Step.REGISTER : mix.draw(caller.random());
  }

  private void step(Step step) {
    AssetSpec any = ground.catalogue().any(caller.random());
    switch (step) {
      case ACQUIRE -> acquire(any);
      case ACQUIRE_SEVERAL -> acquireSeveral();
      case RELEASE -> releaseOr(any);
      case RENEW -> renewOr(any);
      case REGISTER -> make(false);
      case UPLOAD -> make(true);
      case DELETE -> assets.delete(any);
      case COLLECT ->
          assets.collect(IDLE_SECONDS_LEAST + caller.random().nextInt(IDLE_SECONDS_MORE));
      case PREPARE -> prepares.orElseThrow().prepare();
      case GET -> want(any, assets.get(any));
      case LIST -> assets.list(any);
      case QUERY -> assets.query(any);
      case SESSION -> session.act();
      case REPEAT -> caller.repeat();
      case TURN_AWAY -> caller.turnAway();
    }
  }

  private void acquire(AssetSpec asset) {
    if (leases.isFull()) {
      leases.release();
    } else {
      want(asset, leases.acquire(asset));
    }
  }

  private void acquireSeveral() {
    if (leases.isFull()) {
      leases.release();
    } else {
      int count = 2 + caller.random().nextInt(SEVERAL_MAX - 1);
      leases.acquireAll(ground.catalogue().several(count, caller.random()));
    }
  }

  private void releaseOr(AssetSpec asset) {
    if (!leases.release()) {
      want(asset, leases.acquire(asset));
    }
  }

  private void renewOr(AssetSpec asset) {
    if (!leases.renew()) {
      want(asset, leases.acquire(asset));
    }
  }

  /** Who misses an asset sees to it that it comes. */
  private void want(AssetSpec asset, boolean there) {
    if (!there && wanted.size() < WANTED_MAX) {
      wanted.addLast(asset);
    }
  }

  private void make(boolean uploaded) {
    AssetSpec asset =
        wanted.isEmpty() || caller.random().nextDouble() >= WANTED_SHARE
            ? ground.catalogue().any(caller.random(), uploaded)
            : wanted.removeFirst();
    if (asset.uploaded()) {
      assets.upload(asset);
    } else {
      assets.register(asset);
    }
  }
}
