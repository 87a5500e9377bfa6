package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.chaos.check.FinalState;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.history.HistoryWriter;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.ConnectCaller;
import dev.assetmanagerd.clustertests.client.GrpcCaller;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.client.UnaryCaller;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Clients at work on a cluster, all calls of which are recorded. Starting, ending and asking belong
 * to one thread.
 *
 * <p>The choices come from the seed; which of them meet at the cluster does not, nor do ids and
 * keys, which are new each time, so that one cluster can have several workloads one after another.
 *
 * <p>What the history says is judged as if nobody else touched the assets: collecting garbage by
 * schedule has to be switched off, or far away.
 */
public final class Workload implements AutoCloseable {
  private static final Duration RELEASE_MAX = Duration.ofSeconds(60);
  private static final int RUN_ID_CHARS = 6;

  /** The one whose leases go up and down; of another, leases are counted in the end. */
  private static final int BEACON_ANCHOR = 1;

  private final WorkloadOptions options;
  private final Anchors anchors;
  private final Violations violations;
  private final Tally tally;
  private final Set<String> closedSessions;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final CountDownLatch abort;
  private final ExecutorService threads;
  private final List<Future<?>> running = new ArrayList<>();
  private volatile boolean release;

  private Workload(
      WorkloadOptions options,
      Anchors anchors,
      Violations violations,
      Tally tally,
      CountDownLatch abort,
      Set<String> closedSessions) {
    this.options = options;
    this.closedSessions = closedSessions;
    this.anchors = anchors;
    this.violations = violations;
    this.tally = tally;
    this.abort = abort;
    this.threads =
        Executors.newFixedThreadPool(options.clients() + Beacon.WRITERS + Beacon.READERS);
  }

  /**
   * Brings the bytes that assets are registered for, takes leases on them that are kept, and sets
   * all clients going. The cluster has to be well at that time.
   *
   * @param nodes who can be asked; asked for before each attempt of each call, so it may change. At
   *     least one, running or not; must be thread-safe
   * @param book is told of all leases
   * @param stopwatch is told of some leases with an end that nobody gives back
   * @throws IllegalStateException when the first calls fail
   */
  public static Workload start(
      Supplier<List<Node>> nodes,
      HistoryWriter history,
      LeaseBook book,
      LeaseStopwatch stopwatch,
      WorkloadOptions options) {
    SplittableRandom random = new SplittableRandom(options.seed());
    SplittableRandom beaconRandom = new SplittableRandom(~options.seed());
    String run = "w" + UUID.randomUUID().toString().substring(0, RUN_ID_CHARS);
    Catalogue catalogue = new Catalogue(run, options.assets(), random.split());
    Violations violations = new Violations();
    Tally tally = new Tally();
    CountDownLatch abort = new CountDownLatch(1);
    Crew crew = new Crew(options, run, nodes, history, tally, abort);
    Anchors anchors =
        new Anchors(crew.caller(options.clients(), random.split()), catalogue, book, run);
    List<Asset> brought = anchors.bring();
    anchors.letSomeEnd(stopwatch);
    Ground ground =
        new Ground(
            options,
            catalogue,
            brought,
            book,
            stopwatch,
            violations,
            ConcurrentHashMap.newKeySet());
    Workload workload =
        new Workload(options, anchors, violations, tally, abort, ground.closedSessions());
    Client.Ending ending = new Client.Ending(workload.stop, () -> workload.release);
    for (int i = 0; i < options.clients(); i++) {
      Caller caller = crew.caller(i, random.split());
      workload.running.add(
          workload.threads.submit(new Client(ground, caller, run + "-c" + i, i, ending)));
    }
    int first = options.clients() + 1; // after the clients and who brings the anchors
    Beacon beacon =
        new Beacon(
            anchors.id(BEACON_ANCHOR),
            nodes,
            book,
            workload.stop,
            (thread, at, attemptMax, patience) ->
                crew.caller(first + thread, at, attemptMax, patience, beaconRandom.split()));
    beacon.tasks().forEach(task -> workload.running.add(workload.threads.submit(task)));
    return workload;
  }

  /** What the clients call with. */
  private record Crew(
      WorkloadOptions options,
      String run,
      Supplier<List<Node>> nodes,
      HistoryWriter history,
      Tally tally,
      CountDownLatch abort,
      UnaryCaller grpc,
      UnaryCaller connect) {
    private Crew(
        WorkloadOptions options,
        String run,
        Supplier<List<Node>> nodes,
        HistoryWriter history,
        Tally tally,
        CountDownLatch abort) {
      this(options, run, nodes, history, tally, abort, new GrpcCaller(), new ConnectCaller());
    }

    private Caller caller(int process, SplittableRandom random) {
      return caller(process, nodes, options.callMax(), options.patience(), random);
    }

    private Caller caller(
        int process,
        Supplier<List<Node>> at,
        Duration attemptMax,
        Duration patience,
        SplittableRandom random) {
      RecordedCalls calls =
          new RecordedCalls(
              process,
              process % 2 == 0 ? grpc : connect,
              at,
              history,
              tally,
              attemptMax,
              random.split(),
              abort);
      return new Caller(calls, random, patience, run + "-k" + process);
    }
  }

  /**
   * Ends all clients, each after the call at hand. What they hold stays.
   *
   * @throws AssertionError when one does not end in time, or has failed itself
   */
  public void stop() {
    end(false);
  }

  /** The same, with leases given back and sessions closed; to be done when all faults are over. */
  public void quiesce() {
    end(true);
  }

  private void end(boolean releasing) {
    release = releasing;
    stop.countDown();
    Duration most = options.patience().plus(options.callMax());
    long deadline = System.nanoTime() + (releasing ? most.plus(RELEASE_MAX) : most).toNanos();
    for (Future<?> client : running) {
      try {
        client.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (ExecutionException e) {
        throw new AssertionError("a client itself failed", e.getCause());
      } catch (TimeoutException e) {
        throw new AssertionError("a client did not end in time", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }

  /** How many calls of a kind were done so far. Thread-safe. */
  public long succeeded(Kind kind) {
    return tally.of(kind);
  }

  /**
   * Whether a client ended by a mistake of its own, so that the workload is not what it should be.
   */
  public boolean isBroken() {
    return stop.getCount() > 0 && running.stream().anyMatch(Future::isDone);
  }

  /**
   * Takes a lease and gives it back, recorded as all calls are.
   *
   * @param most the time that both may take together, with all attempts
   * @return whether both were done in time
   */
  public boolean canaryWrite(Duration most) {
    return anchors.canaryWrite(most);
  }

  /**
   * What the cluster has, linearizably; tries for a minute.
   *
   * @param client for reading; its calls are not recorded
   */
  public FinalState finalState(AssetClient client) {
    return FinalStates.read(client);
  }

  /** Sessions that clients have closed, and were told so. */
  public Set<String> closedSessions() {
    return Set.copyOf(closedSessions);
  }

  /** What the clients saw for themselves: uploads, prepared files and their sources. */
  public Verdict bytesVerdict() {
    return violations.verdict();
  }

  /** Ends all clients at once, in the middle of whatever they do. */
  @Override
  public void close() {
    stop.countDown();
    abort.countDown();
    threads.shutdownNow();
  }
}
