package dev.assetmanagerd.cluster;

import dev.assetmanagerd.node.v1.GetReplicaHashRequest;
import dev.assetmanagerd.node.v1.ReplicaHash;
import dev.assetmanagerd.raft.Member;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Gets the hashes of all members for one check of the replicas. Thread-safe, non-blocking. */
final class ReplicaHashCollector {
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(100);

  /** A member that does not answer, or has not come to the position, for this long is left out. */
  private static final Duration SILENCE_MAX = Duration.ofSeconds(20);

  /** A hash that takes longer is given up. */
  private static final Duration HASHING_MAX = Duration.ofMinutes(15);

  private final String selfId;
  private final Supplier<List<Member>> members;
  private final LocalNode node;
  private final NodeLinks links;
  private final Executor executor;
  private final LongSupplier nanoClock;

  /**
   * What one member gave.
   *
   * @param hash its state is DONE, or its error says why not
   */
  record Collected(Member member, ReplicaHash hash) {
    Optional<String> value() {
      return hash.getState() == ReplicaHash.State.STATE_DONE
          ? Optional.of(hash.getHash())
          : Optional.empty();
    }
  }

  ReplicaHashCollector(
      String selfId,
      Supplier<List<Member>> members,
      LocalNode node,
      NodeLinks links,
      Executor executor,
      LongSupplier nanoClock) {
    this.selfId = selfId;
    this.members = members;
    this.node = node;
    this.links = links;
    this.executor = executor;
    this.nanoClock = nanoClock;
  }

  /**
   * One answer of each member; never fails.
   *
   * @param patient waits for those that are not done
   */
  CompletableFuture<List<Collected>> collect(String checkId, boolean patient) {
    long start = nanoClock.getAsLong();
    List<CompletableFuture<Collected>> all =
        members.get().stream()
            .map(
                member -> {
                  CompletableFuture<ReplicaHash> hash = new CompletableFuture<>();
                  ask(member, checkId, patient ? start : start - HASHING_MAX.toNanos(), hash);
                  return hash.thenApply(value -> new Collected(member, value));
                })
            .toList();
    return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
        .thenApply(done -> all.stream().map(CompletableFuture::join).toList());
  }

  private void ask(
      Member member, String checkId, long startNanos, CompletableFuture<ReplicaHash> result) {
    var unused =
        once(member, checkId)
            .exceptionally(failure -> unknown(NodeErrors.unwrap(failure).getMessage()))
            .thenAccept(
                hash -> {
                  if (goesOn(hash, startNanos)) {
                    CompletableFuture.delayedExecutor(
                            POLL_INTERVAL.toMillis(), TimeUnit.MILLISECONDS, executor)
                        .execute(() -> ask(member, checkId, startNanos, result));
                  } else {
                    result.complete(hash);
                  }
                });
  }

  private boolean goesOn(ReplicaHash hash, long startNanos) {
    long waited = nanoClock.getAsLong() - startNanos;
    return switch (hash.getState()) {
      case STATE_RUNNING -> waited < HASHING_MAX.toNanos();
      case STATE_UNKNOWN -> waited < SILENCE_MAX.toNanos();
      case STATE_DONE, STATE_FAILED, STATE_UNSPECIFIED, UNRECOGNIZED -> false;
    };
  }

  private CompletableFuture<ReplicaHash> once(Member member, String checkId) {
    return member.id().equals(selfId)
        ? CompletableFuture.completedFuture(explained(node.replicaHash(checkId)))
        : links
            .replicaHash(
                member.id(),
                GetReplicaHashRequest.newBuilder().setCheckId(checkId).build(),
                Deadline.after(CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS))
            .thenApply(ReplicaHashCollector::explained);
  }

  private static ReplicaHash explained(ReplicaHash hash) {
    return switch (hash.getState()) {
      case STATE_UNKNOWN -> unknown("it has not come to the position, or is at another check");
      case STATE_RUNNING -> hash.toBuilder().setError("it is not done hashing").build();
      default -> hash;
    };
  }

  private static ReplicaHash unknown(@Nullable String why) {
    return ReplicaHash.newBuilder()
        .setState(ReplicaHash.State.STATE_UNKNOWN)
        .setError(why == null ? "it does not answer" : why)
        .build();
  }
}
