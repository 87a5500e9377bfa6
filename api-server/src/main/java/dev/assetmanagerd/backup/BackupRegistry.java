package dev.assetmanagerd.backup;

import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.log.v1.BackupsTended;
import dev.assetmanagerd.log.v1.BeginBackup;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.CompleteBackup;
import dev.assetmanagerd.log.v1.ForgetBackup;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.TendBackups;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The catalogue of backups as those use it who make and look after them. Each step waits, a bounded
 * time; what goes wrong is a {@link BackupFailedException}. Thread-safe.
 */
final class BackupRegistry {
  private static final Duration STEP = Duration.ofSeconds(15);

  /** Beyond the deadline, which the registry itself keeps. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** How long making one may take, on the cluster clock, before it is given up. */
  static final Duration PENDING = Duration.ofHours(6);

  private static final int TENDED_AT_A_TIME = 1_000;

  private final ReplicatedRegistry registry;
  private final String lineage;

  BackupRegistry(ReplicatedRegistry registry, String lineage) {
    this.registry = registry;
    this.lineage = lineage;
  }

  String lineage() {
    return lineage;
  }

  /**
   * Begins one. What this node holds afterwards contains the beginning.
   *
   * @param location where the file goes, {@code {id}} in it standing for the id; empty for a backup
   *     that the cluster does not look after
   * @param term begins in this term of this node's leadership, or not at all
   */
  Backup begin(String location, Duration keep, OptionalLong term) {
    Outcome outcome =
        propose(
            Command.newBuilder()
                .setBeginBackup(
                    BeginBackup.newBuilder()
                        .setLineage(lineage)
                        .setLocation(location)
                        .setKeepMillis(keep.toMillis())
                        .setPendingMillis(PENDING.toMillis())),
            term);
    awaitLinearizable();
    return outcome.getBackupBegun().getBackup();
  }

  Backup complete(CompleteBackup complete) {
    return propose(Command.newBuilder().setCompleteBackup(complete), OptionalLong.empty())
        .getBackupCompleted()
        .getBackup();
  }

  /** First step of forgetting, or, where the file is gone, the last. */
  void forget(String id, boolean fileGone) {
    var unused =
        propose(
            Command.newBuilder()
                .setForgetBackup(ForgetBackup.newBuilder().setBackupId(id).setFileGone(fileGone)),
            OptionalLong.empty());
  }

  BackupsTended tend(long term) {
    return propose(
            Command.newBuilder()
                .setTendBackups(
                    TendBackups.newBuilder().setLimit(TENDED_AT_A_TIME).setLineage(lineage)),
            OptionalLong.of(term))
        .getBackupsTended();
  }

  /** What this node knows; a leader's is as good as any to find work in. */
  List<Backup> known() {
    return registry.query(view -> view.backups());
  }

  boolean anythingToTend() {
    return registry.query(view -> view.backupsToTend());
  }

  long clusterTimeMillis() {
    return registry.query(view -> view.clusterTimeMillis());
  }

  int formatLevel() {
    return registry.query(view -> view.formatLevel());
  }

  /** Returns when this node has everything that was acknowledged to anyone before. */
  void awaitLinearizable() {
    Deadline deadline = deadline();
    await(registry.awaitLinearizable(deadline), deadline);
  }

  private Outcome propose(Command.Builder command, OptionalLong term) {
    Deadline deadline = deadline();
    command.setRequestId(UUID.randomUUID().toString());
    term.ifPresent(command::setOnlyInTerm);
    Outcome outcome = await(registry.propose(command.build(), deadline), deadline).outcome();
    if (outcome.hasRejection()) {
      throw BackupFailedException.rejected(outcome.getRejection());
    }
    return outcome;
  }

  private static Deadline deadline() {
    return Deadline.after(STEP.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static <T> T await(CompletableFuture<T> future, Deadline deadline) {
    long millis = Math.max(0, deadline.timeRemaining(TimeUnit.MILLISECONDS)) + GRACE.toMillis();
    try {
      return future.get(millis, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw BackupFailedException.of(cause);
    } catch (TimeoutException e) {
      throw BackupFailedException.unavailable("no answer from the registry in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw BackupFailedException.unavailable("this node is stopping", e);
    }
  }
}
