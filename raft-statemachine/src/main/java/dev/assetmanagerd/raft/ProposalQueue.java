package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.raft.ClusterUnavailableException.Reason;
import io.grpc.Deadline;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Takes commands to the leader, wherever it is: into the log when this node leads, over the {@link
 * PeerLink} when another one does.
 *
 * <pre>
 *   propose ──► waiting ──► batch in flight ──► outcome, or unknown
 *                  ▲               │
 *                  └── not proposed: again after a while
 * </pre>
 *
 * <p>A command that finds fewer than {@value #IN_FLIGHT_MAX} batches in flight goes at once, alone;
 * what arrives meanwhile shares the next one. What was certainly not proposed is tried again until
 * its deadline; what may have been is never tried again here, for only the caller knows whether
 * that would be right. Every future ends by its deadline.
 *
 * <p>Thread-safe.
 */
final class ProposalQueue {
  /** Largest command; larger ones are rejected, since no entry could hold them. */
  static final int COMMAND_BYTES_MAX = 1 << 20;

  static final int BATCH_COMMANDS_MAX = 512;
  static final int BATCH_BYTES_MAX = 1 << 20;
  static final int WAITING_COMMANDS_MAX = 8192;
  static final long WAITING_BYTES_MAX = 32L << 20;

  /**
   * More in flight means smaller batches; fewer leave the pipeline idle. Measured with 1, 2 and 4
   * on three nodes: no difference up to 16 callers, 4 best with hundreds.
   */
  static final int IN_FLIGHT_MAX = 4;

  private static final long BACKOFF_MILLIS_MIN = 5;
  private static final long BACKOFF_MILLIS_MAX = 200;

  /** How long a batch whose commands have all expired may still occupy its place. */
  private static final long GRACE_MILLIS = 1_000;

  private final RaftView raft;
  private final LeaderLog log;
  private final PeerLink link;
  private final Timers timers;
  private final Executor executor;

  private final ArrayDeque<PendingCommand> waiting = new ArrayDeque<>();
  private final Set<List<PendingCommand>> sent = Collections.newSetFromMap(new IdentityHashMap<>());
  private long waitingBytes;
  private int failuresInARow;
  private boolean pumpScheduled;
  private int holds;
  private CompletableFuture<Void> idle = new CompletableFuture<>();
  private boolean closed;

  /**
   * @param executor where waiting batches are sent from: an append may wait for one of Ratis's
   *     locks, and the timer thread must not
   */
  ProposalQueue(RaftView raft, LeaderLog log, PeerLink link, Timers timers, Executor executor) {
    this.executor = executor;
    this.raft = raft;
    this.log = log;
    this.link = link;
    this.timers = timers;
  }

  /** Fails with {@link ClusterUnavailableException}. */
  CompletableFuture<Committed> propose(Command command, Deadline deadline) {
    return propose(List.of(command), deadline, false).get(0);
  }

  /**
   * Commands from a follower that takes this node for the leader. Fails with {@link
   * NotLeaderException} when it is not and nothing was proposed.
   */
  CompletableFuture<ProposeResponse> proposeHere(List<Command> commands, Deadline deadline) {
    List<CompletableFuture<Committed>> results = propose(commands, deadline, true);
    return CompletableFuture.allOf(results.toArray(CompletableFuture<?>[]::new))
        .handle((done, failure) -> ProposalResults.combine(results, failure != null));
  }

  /** The leader changed or became ready: what waits may go. */
  void wake() {
    synchronized (this) {
      failuresInARow = 0;
      pumpScheduled = false;
    }
    pump();
  }

  /**
   * Puts nothing more into this node's own log until {@link #resume}: an entry that is on its way
   * when leadership moves has an unknown outcome. What comes meanwhile waits, and goes to the new
   * leader as soon as there is one.
   *
   * @return completes when nothing is in flight
   */
  CompletableFuture<Void> hold() {
    synchronized (this) {
      holds++;
      if (!sent.isEmpty()) {
        idle = idle.isDone() ? new CompletableFuture<>() : idle;
        return idle.copy();
      }
    }
    return CompletableFuture.allOf();
  }

  /** Ends one {@link #hold}. */
  void resume() {
    synchronized (this) {
      holds--;
    }
    pump();
  }

  /** Fails what is still in flight: Raft has ended, or the leader's answer finds nobody here. */
  void closeInFlight() {
    List<List<PendingCommand>> left;
    synchronized (this) {
      left = List.copyOf(sent);
    }
    var failure =
        new ClusterUnavailableException(
            Reason.STOPPING, true, "this node stopped before it knew the outcome");
    left.forEach(batch -> batch.forEach(pending -> pending.fail(failure)));
  }

  /** Refuses what comes from now on and fails what waits. */
  void close() {
    List<PendingCommand> left;
    synchronized (this) {
      closed = true;
      left = new ArrayList<>(waiting);
      waiting.clear();
      waitingBytes = 0;
    }
    left.forEach(pending -> pending.fail(stopping()));
  }

  private List<CompletableFuture<Committed>> propose(
      List<Command> commands, Deadline deadline, boolean hereOnly) {
    List<PendingCommand> added = new ArrayList<>(commands.size());
    for (Command command : commands) {
      added.add(new PendingCommand(command, deadline, hereOnly));
    }
    ClusterUnavailableException refusal = enqueue(added);
    for (PendingCommand pending : added) {
      if (refusal != null) {
        pending.fail(refusal);
      } else if (pending.bytes() <= COMMAND_BYTES_MAX) {
        pending.expireWith(timers, () -> tooLate(pending));
      } else {
        pending.complete(new Committed(ProposalResults.tooLarge(pending), 0));
      }
    }
    pump();
    return added.stream().map(PendingCommand::future).toList();
  }

  /** All of them or none. */
  private synchronized @Nullable ClusterUnavailableException enqueue(List<PendingCommand> added) {
    if (closed) {
      return stopping();
    }
    long bytes = added.stream().mapToLong(PendingCommand::bytes).sum();
    if (waiting.size() + added.size() > WAITING_COMMANDS_MAX
        || waitingBytes + bytes > Math.max(WAITING_BYTES_MAX, bytes)) {
      return new ClusterUnavailableException(
          Reason.OVERLOADED,
          false,
          "%d commands of %d bytes wait already".formatted(waiting.size(), waitingBytes));
    }
    for (PendingCommand pending : added) {
      if (pending.bytes() <= COMMAND_BYTES_MAX) {
        waiting.add(pending);
        waitingBytes += pending.bytes();
      }
    }
    return null;
  }

  /** Sends as many batches as may be in flight. */
  private void pump() {
    while (true) {
      List<PendingCommand> misdirected = List.of();
      List<PendingCommand> batch = List.of();
      String leader = raft.leaderId();
      boolean here = raft.self().equals(leader);
      boolean ready = here ? raft.leadingReady() : leader != null;
      synchronized (this) {
        if (!here) {
          misdirected = takeMisdirected();
        }
        boolean held = here && holds > 0;
        if (!waiting.isEmpty() && sent.size() < IN_FLIGHT_MAX && !closed && !held) {
          if (ready && !pumpScheduled) {
            batch = takeBatch();
          } else {
            schedulePump();
          }
        }
        if (!batch.isEmpty()) {
          sent.add(batch);
        }
      }
      misdirected.forEach(pending -> pending.fail(new NotLeaderException(leader)));
      if (batch.isEmpty()) {
        return;
      }
      send(batch, here ? null : leader);
    }
  }

  private List<PendingCommand> takeMisdirected() {
    List<PendingCommand> taken = new ArrayList<>();
    waiting.removeIf(
        pending -> {
          if (pending.hereOnly()) {
            taken.add(pending);
            waitingBytes -= pending.bytes();
          }
          return pending.hereOnly();
        });
    return taken;
  }

  private List<PendingCommand> takeBatch() {
    List<PendingCommand> batch = new ArrayList<>();
    long bytes = 0;
    while (!waiting.isEmpty() && batch.size() < BATCH_COMMANDS_MAX) {
      PendingCommand next = waiting.element();
      if (!batch.isEmpty() && bytes + next.bytes() > BATCH_BYTES_MAX) {
        break;
      }
      waiting.remove();
      waitingBytes -= next.bytes();
      if (next.markSent()) { // else it has expired
        bytes += next.bytes();
        batch.add(next);
      }
    }
    return batch;
  }

  /** Tries again in a while, should no event come first. Holds sending back until then. */
  private void schedulePump() {
    if (pumpScheduled) {
      return;
    }
    pumpScheduled = true;
    long delay = Math.min(BACKOFF_MILLIS_MIN << Math.min(failuresInARow, 10), BACKOFF_MILLIS_MAX);
    var unused =
        timers.after(
            delay,
            () -> {
              synchronized (this) {
                pumpScheduled = false;
              }
              executor.execute(this::pump);
            });
  }

  private void send(List<PendingCommand> batch, @Nullable String leader) {
    List<Command> commands = batch.stream().map(PendingCommand::command).toList();
    Deadline latest = batch.get(0).deadline();
    for (PendingCommand pending : batch) {
      latest = latest.isBefore(pending.deadline()) ? pending.deadline() : latest;
    }
    CompletableFuture<ProposeResponse> response;
    try {
      response = leader == null ? log.append(commands) : forward(commands, leader, latest);
    } catch (RuntimeException e) {
      response = CompletableFuture.failedFuture(e);
    }
    // The commands end by their deadlines whatever happens; this ends the batch.
    var bounded =
        timers.bound(
            response,
            latest.offset(GRACE_MILLIS, TimeUnit.MILLISECONDS),
            () -> new ClusterUnavailableException(Reason.DEADLINE, true, "no answer in time"));
    var unused = bounded.whenComplete((value, failure) -> finish(batch, value, failure));
  }

  private CompletableFuture<ProposeResponse> forward(
      List<Command> commands, String leader, Deadline deadline) {
    var request = ProposeRequest.newBuilder().addAllCommands(commands).build();
    // A copy: the bound put on it must not complete a future that belongs to the link.
    return link.propose(leader, request, deadline).copy();
  }

  private void finish(
      List<PendingCommand> batch, @Nullable ProposeResponse response, @Nullable Throwable thrown) {
    Throwable failure = thrown instanceof CompletionException e ? e.getCause() : thrown;
    boolean again = failure != null && ProposalResults.isNotProposed(failure);
    CompletableFuture<Void> drained;
    synchronized (this) {
      sent.remove(batch);
      drained = sent.isEmpty() ? idle : new CompletableFuture<>();
      failuresInARow = again ? failuresInARow + 1 : 0;
      if (again && !closed) {
        putBack(batch);
        schedulePump();
      }
    }
    if (response != null) {
      ProposalResults.deliver(batch, response);
    } else if (!again || isClosed()) {
      ProposalResults.fail(batch, failure);
    }
    drained.complete(null);
    pump();
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** In front of what came later. */
  private void putBack(List<PendingCommand> batch) {
    for (int i = batch.size() - 1; i >= 0; i--) {
      PendingCommand pending = batch.get(i);
      if (pending.markWaiting()) {
        waiting.addFirst(pending);
        waitingBytes += pending.bytes();
      }
    }
  }

  private ClusterUnavailableException tooLate(PendingCommand pending) {
    synchronized (this) {
      if (waiting.remove(pending)) {
        waitingBytes -= pending.bytes();
      }
    }
    if (pending.sent()) {
      return new ClusterUnavailableException(
          Reason.DEADLINE, true, "no outcome was known at the deadline");
    }
    return raft.leaderId() == null
        ? new ClusterUnavailableException(
            Reason.NO_LEADER, false, "no leader was known before the deadline")
        : new ClusterUnavailableException(
            Reason.DEADLINE, false, "the command was not proposed before the deadline");
  }

  private static ClusterUnavailableException stopping() {
    return new ClusterUnavailableException(Reason.STOPPING, false, "this node is stopping");
  }
}
