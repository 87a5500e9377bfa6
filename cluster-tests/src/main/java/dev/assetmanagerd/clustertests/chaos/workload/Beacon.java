package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.End;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.Ended;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.client.UnaryCaller.Answer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One asset whose number of leases goes up and down all the time, and is read at every node all the
 * time: a node that answers from the past is seen, be it a leader that does not know that another
 * one leads by now, or a follower that has not applied yet what it ought to have.
 *
 * <p>Writers have a favourite node each, so that one of them is on the right side of any cut. After
 * each write its writer reads at all nodes. Readers have one node each; their patience varies, so
 * that at a node that stands still, some are waiting for it when it goes on, which asked while it
 * stood.
 */
final class Beacon {
  /** Threads that write. */
  static final int WRITERS = 3;

  /** Threads that read. */
  static final int READERS = 6;

  private static final int HELD_MAX = 12;
  private static final Duration WRITE_ATTEMPT_MAX = Duration.ofSeconds(2);
  private static final Duration WRITE_PATIENCE = Duration.ofSeconds(12);
  private static final long PATIENCE_LEAST_MILLIS = 400;
  private static final long PATIENCE_MORE_MILLIS = 2_600;
  private static final long PAUSE_LEAST_MILLIS = 150;
  private static final long PAUSE_MORE_MILLIS = 250;

  private final String asset;
  private final Supplier<List<Node>> nodes;
  private final LeaseBook book;
  private final CountDownLatch stop;
  private final Callers callers;

  /** Makes what one thread calls with. */
  interface Callers {
    Caller caller(int thread, Supplier<List<Node>> nodes, Duration attemptMax, Duration patience);
  }

  /**
   * @param asset that is there, and that nobody deletes or counts the leases of
   * @param stop at 0, nothing more is called; what is held then stays
   */
  Beacon(
      String asset,
      Supplier<List<Node>> nodes,
      LeaseBook book,
      CountDownLatch stop,
      Callers callers) {
    this.asset = asset;
    this.nodes = nodes;
    this.book = book;
    this.stop = stop;
    this.callers = callers;
  }

  /** What has to run, each on a thread of its own. */
  List<Runnable> tasks() {
    List<Runnable> tasks = new java.util.ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      tasks.add(writer(i));
    }
    for (int i = 0; i < READERS; i++) {
      tasks.add(reader(i));
    }
    return tasks;
  }

  private Runnable writer(int number) {
    Caller caller = callers.caller(number, nodes, WRITE_ATTEMPT_MAX, WRITE_PATIENCE);
    for (int i = 0; i < number; i++) {
      caller.turnAway();
    }
    int[] place = new int[1];
    // Another process: it is not the writer that waits, where a node does not answer.
    Caller reader =
        callers.caller(
            WRITERS + READERS + number, () -> one(place[0]), WRITE_ATTEMPT_MAX, WRITE_PATIENCE);
    return () -> write(caller, reader, place);
  }

  /** Writes, and reads at one place after the other, which the reader looks up there. */
  private void write(Caller caller, Caller reader, int[] place) {
    Deque<String> held = new ArrayDeque<>();
    boolean up = true;
    while (!stopped(caller)) {
      up = held.isEmpty() || (up && held.size() < HELD_MAX);
      boolean done = up ? acquire(caller, held) : release(caller, held.remove());
      for (place[0] = 0; done && place[0] < nodes.get().size(); place[0]++) {
        get(reader);
      }
    }
  }

  private Runnable reader(int number) {
    Caller caller =
        callers.caller(
            WRITERS + number, () -> one(number), WRITE_ATTEMPT_MAX.multipliedBy(2), WRITE_PATIENCE);
    return () -> {
      while (!stopped(caller)) {
        get(caller);
      }
    };
  }

  /** Members come and go: whoever has that place now. */
  private List<Node> one(int place) {
    List<Node> all = nodes.get();
    return List.of(all.get(place % all.size()));
  }

  private boolean stopped(Caller caller) {
    long millis = PAUSE_LEAST_MILLIS + caller.random().nextLong(PAUSE_MORE_MILLIS);
    try {
      return stop.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private boolean acquire(Caller caller, Deque<String> held) {
    book.acquiring(asset);
    Ended<Answer<AcquireAssetResponse>> ended =
        caller
            .call(Kind.ACQUIRE, List.of(asset), Input.NONE)
            .once()
            .unary(
                AssetManagerServiceGrpc.getAcquireAssetMethod(),
                AcquireAssetRequest.newBuilder().setAssetId(asset).setAcquiredBy("beacon").build(),
                answer -> LeaseSteps.granted(answer.message()));
    Answer<AcquireAssetResponse> answer = ended.answer();
    if (answer != null) {
      held.add(answer.message().getLeaseId());
    } else if (ended.end() == End.REFUSED) {
      book.refused(asset);
    }
    return answer != null;
  }

  private boolean release(Caller caller, String lease) {
    Ended<?> ended =
        caller
            .call(Kind.RELEASE, List.of(), Input.NONE.withLeases(List.of(lease)))
            .once()
            .unary(
                AssetManagerServiceGrpc.getReleaseAssetMethod(),
                ReleaseAssetRequest.newBuilder().setLeaseId(lease).build(),
                answer -> LeaseSteps.released(answer.message()));
    if (ended.isOk()) {
      book.refused(asset);
    }
    return ended.isOk();
  }

  private void get(Caller caller) {
    long millis = PATIENCE_LEAST_MILLIS + caller.random().nextLong(PATIENCE_MORE_MILLIS);
    Ended<?> unused =
        caller
            .call(Kind.GET, List.of(asset), Input.NONE)
            .within(Duration.ofMillis(millis))
            .unary(
                AssetManagerServiceGrpc.getGetAssetMethod(),
                GetAssetRequest.newBuilder().setId(asset).build(),
                answer -> Value.of(AssetSteps.seen(answer.message().getAsset())));
  }
}
