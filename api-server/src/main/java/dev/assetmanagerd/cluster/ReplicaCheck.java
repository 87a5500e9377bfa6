package dev.assetmanagerd.cluster;

import dev.assetmanagerd.cluster.ReplicaHashCollector.Collected;
import dev.assetmanagerd.cluster.v1.CheckClusterResponse;
import dev.assetmanagerd.cluster.v1.CheckClusterResponse.Verdict;
import dev.assetmanagerd.cluster.v1.CheckedReplica;
import dev.assetmanagerd.log.v1.CheckReplicas;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.node.v1.LeaveIfDeviatingRequest;
import dev.assetmanagerd.node.v1.ProposeRequest;
import dev.assetmanagerd.raft.Member;
import io.grpc.Deadline;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the registries of all members at one position of the log, while they are written, and
 * has those stop that are not what the majority is.
 *
 * <pre>
 *   leader   ── CheckReplicas ──► log ──► every member hashes its registry as of that entry
 *            ◄── hashes ────────────────  and keeps the result
 *            ── leave if deviating ─────► the member asks the others itself, marks its data, stops
 * </pre>
 *
 * <p>A deviating leader hands leadership to a member of the majority first. Where no hash has a
 * majority nobody is stopped, since nobody can say who is right. One check is under way at a time;
 * who asks meanwhile gets the result of that one. Thread-safe, non-blocking.
 */
public final class ReplicaCheck {
  private static final Logger log = LoggerFactory.getLogger(ReplicaCheck.class);
  private static final Duration TELL_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration PROPOSE_TIMEOUT = Duration.ofSeconds(20);

  private final String selfId;
  private final LocalNode node;
  private final NodeLinks links;
  private final ReplicaHashCollector collector;
  private final LongSupplier nanoClock;
  private final ReplicaCheckCounters counters = new ReplicaCheckCounters();
  private final AtomicReference<CompletableFuture<CheckClusterResponse>> running =
      new AtomicReference<>(CompletableFuture.completedFuture(null));

  /**
   * @param members all members, this node included, as of now
   * @param executor for asking again; not blocked
   * @param nanoClock monotonic, nanoseconds
   */
  public ReplicaCheck(
      String selfId,
      Supplier<List<Member>> members,
      LocalNode node,
      NodeLinks links,
      Executor executor,
      LongSupplier nanoClock) {
    this.selfId = selfId;
    this.node = node;
    this.links = links;
    this.nanoClock = nanoClock;
    this.collector = new ReplicaHashCollector(selfId, members, node, links, executor, nanoClock);
  }

  /** What was found so far. */
  public ReplicaCheckCounters counters() {
    return counters;
  }

  /**
   * Compares the replicas; this node has to lead. Takes as long as the slowest member needs to read
   * its registry.
   */
  CompletableFuture<CheckClusterResponse> run() {
    CompletableFuture<CheckClusterResponse> mine = new CompletableFuture<>();
    CompletableFuture<CheckClusterResponse> current =
        running.updateAndGet(other -> other.isDone() ? mine : other);
    if (current == mine) {
      var unused =
          compare()
              .whenComplete(
                  (response, failure) -> {
                    if (failure == null) {
                      mine.complete(response);
                    } else {
                      mine.completeExceptionally(NodeErrors.unwrap(failure));
                    }
                  });
    }
    return current.copy();
  }

  private CompletableFuture<CheckClusterResponse> compare() {
    String checkId = UUID.randomUUID().toString();
    long start = nanoClock.getAsLong();
    Command command =
        Command.newBuilder()
            .setRequestId(checkId)
            .setCheckReplicas(CheckReplicas.newBuilder().setCheckId(checkId))
            .build();
    return node.propose(
            ProposeRequest.newBuilder().addCommands(command).build(),
            Deadline.after(PROPOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS))
        .thenCompose(
            proposed -> {
              requireDone(proposed.getOutcomes(0));
              return collector
                  .collect(checkId, true)
                  .thenCompose(replicas -> judge(checkId, proposed.getIndex(), replicas, start));
            });
  }

  private static void requireDone(Outcome outcome) {
    if (outcome.hasRejection()) {
      throw Status.FAILED_PRECONDITION
          .withDescription(outcome.getRejection().getMessage())
          .asRuntimeException();
    }
  }

  private CompletableFuture<CheckClusterResponse> judge(
      String checkId, long index, List<Collected> replicas, long startNanos) {
    ReplicaVerdict verdict = verdict(replicas);
    long millis = TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - startNanos);
    int differing =
        verdict.verdict() == Verdict.VERDICT_UNDECIDED
            ? replicas.size()
            : verdict.deviating().size();
    counters.count(verdict.verdict(), differing, millis);
    CheckClusterResponse response = response(checkId, index, replicas, verdict);
    say(index, replicas, verdict, millis);
    return verdict.verdict() == Verdict.VERDICT_DEVIATING
        ? stop(checkId, replicas, verdict).thenApply(done -> response)
        : CompletableFuture.completedFuture(response);
  }

  private ReplicaVerdict verdict(List<Collected> replicas) {
    return ReplicaVerdict.of(
        replicas.stream()
            .map(
                replica ->
                    new ReplicaVerdict.Replica(
                        replica.member().id(), replica.member().voter(), replica.value()))
            .toList());
  }

  private static void say(
      long index, List<Collected> replicas, ReplicaVerdict verdict, long millis) {
    String hashes =
        replicas.stream()
            .map(
                replica ->
                    replica.member().id()
                        + " "
                        + replica.value().orElseGet(() -> "none: " + replica.hash().getError()))
            .collect(Collectors.joining(", "));
    switch (verdict.verdict()) {
      case VERDICT_EQUAL ->
          log.info("all replicas are equal at index {}, after {} ms", index, millis);
      case VERDICT_INCOMPLETE ->
          log.warn("not all replicas could be compared at index {}: {}", index, hashes);
      case VERDICT_DEVIATING ->
          log.error(
              "REPLICAS DIFFER at index {}: {} not what the majority is, and must stop; {}",
              index,
              verdict.deviating(),
              hashes);
      default ->
          log.error(
              "REPLICAS DIFFER at index {}, and none has a majority, so that nobody knows which is"
                  + " right; all go on: {}",
              index,
              hashes);
    }
  }

  /** The others first; this node, which leads, once another one does. Never fails. */
  private CompletableFuture<Void> stop(
      String checkId, List<Collected> replicas, ReplicaVerdict verdict) {
    CompletableFuture<?>[] told =
        verdict.deviating().stream()
            .filter(id -> !id.equals(selfId))
            .map(id -> tell(id, checkId))
            .toArray(CompletableFuture[]::new);
    CompletableFuture<Void> others = CompletableFuture.allOf(told);
    if (!verdict.deviating().contains(selfId)) {
      return others;
    }
    Optional<String> successor =
        replicas.stream()
            .filter(replica -> replica.member().voter())
            .filter(replica -> replica.value().equals(verdict.majorityHash()))
            .map(replica -> replica.member().id())
            .findFirst();
    return others
        .thenCompose(done -> node.handOverLeadership(successor, tellDeadline()))
        .exceptionally(
            failure -> {
              log.warn("leadership could not be handed over; the others will elect", failure);
              return null;
            })
        .thenCompose(done -> leaveIfDeviating(checkId))
        .exceptionally(
            failure -> {
              log.error("this node could not be stopped", failure);
              return null;
            });
  }

  private CompletableFuture<?> tell(String nodeId, String checkId) {
    return links
        .leaveIfDeviating(
            nodeId,
            LeaveIfDeviatingRequest.newBuilder().setCheckId(checkId).build(),
            tellDeadline())
        .exceptionally(
            failure -> {
              log.error(
                  "node {} may not have stopped, though its replica differs: {}",
                  nodeId,
                  NodeErrors.unwrap(failure).toString());
              return null;
            });
  }

  private static Deadline tellDeadline() {
    return Deadline.after(TELL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Stops this node for good where its hash of a check is not the majority's. It does not take
   * anybody's word for that: it asks the members itself.
   *
   * @return fails with FAILED_PRECONDITION where it is not so, or cannot be told
   */
  CompletableFuture<Void> leaveIfDeviating(String checkId) {
    return collector
        .collect(checkId, false)
        .thenAccept(
            replicas -> {
              ReplicaVerdict verdict = verdict(replicas);
              if (!verdict.deviating().contains(selfId)) {
                throw Status.FAILED_PRECONDITION
                    .withDescription(
                        "this node's replica is not known to differ from the majority's")
                    .asRuntimeException();
              }
              leave(replicas, verdict);
            });
  }

  private void leave(List<Collected> replicas, ReplicaVerdict verdict) {
    Collected own =
        replicas.stream()
            .filter(replica -> replica.member().id().equals(selfId))
            .findFirst()
            .orElseThrow();
    String reason =
        "the registry of this node differs from the majority's: at log index %d its hash is %s, and theirs %s"
            .formatted(
                own.hash().getIndex(), own.hash().getHash(), verdict.majorityHash().orElse(""));
    log.error("REPLICA DIFFERS: {}; this node stops, and is to be rebuilt", reason);
    node.quarantine(reason);
  }

  private static CheckClusterResponse response(
      String checkId, long index, List<Collected> replicas, ReplicaVerdict verdict) {
    CheckClusterResponse.Builder response =
        CheckClusterResponse.newBuilder()
            .setCheckId(checkId)
            .setIndex(index)
            .setVerdict(verdict.verdict());
    for (Collected replica : replicas) {
      response.addReplicas(
          CheckedReplica.newBuilder()
              .setNodeId(replica.member().id())
              .setApiAddress(replica.member().peer().apiAddress())
              .setHash(replica.hash().getHash())
              .setTookMillis(replica.hash().getTookMillis())
              .setError(replica.value().isPresent() ? "" : replica.hash().getError())
              .setDeviates(verdict.deviating().contains(replica.member().id())));
    }
    return response.build();
  }
}
