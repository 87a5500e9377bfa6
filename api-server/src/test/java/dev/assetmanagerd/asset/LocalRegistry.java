package dev.assetmanagerd.asset;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.RaiseFormatLevel;
import dev.assetmanagerd.raft.ClusterUnavailableException;
import dev.assetmanagerd.raft.Committed;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.registry.AssetQuery;
import dev.assetmanagerd.registry.FormatLevels;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryView;
import dev.assetmanagerd.registry.RegistryWriter;
import io.grpc.Deadline;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The real registry with the log left out: commands are stamped and applied at once, by clocks that
 * a test moves. For what cannot be had from a real cluster at will.
 */
public final class LocalRegistry implements ReplicatedRegistry, AutoCloseable {
  private final RegistryDatabase database;
  private final List<Command> applied = new ArrayList<>();
  private long wallMillis = 1_700_000_000_000L;
  private long readingMillis;
  private long index;
  private long term = 1;
  private int nextId;
  private Duration staleness = Duration.ZERO;
  private @Nullable ClusterUnavailableException failure;
  private int partsBeforeFailure = Integer.MAX_VALUE;

  /** The file must not exist. */
  public LocalRegistry(Path file) {
    this.database = RegistryDatabase.open(file);
    LogPosition applied = database.read(RegistryView::applied);
    this.index = Math.max(0, applied.index());
    // The first reading of a term only says where counting begins. The level is that of a new
    // cluster.
    apply(
        List.of(
            Command.newBuilder()
                .setRaiseFormatLevel(RaiseFormatLevel.newBuilder().setLevel(FormatLevels.HIGHEST))
                .build()));
  }

  /** An entry that only moves the clock. */
  private synchronized void tick() {
    apply(List.of());
  }

  @CanIgnoreReturnValue
  private List<Outcome> apply(List<Command> commands) {
    LogEntry entry = entry(commands);
    RegistryWriter writer = database.writer();
    writer.begin();
    List<Outcome> outcomes = writer.apply(entry);
    writer.commit(new LogPosition(term, ++index));
    return outcomes;
  }

  private LogEntry entry(List<Command> commands) {
    return LogEntry.newBuilder()
        .setFormatLevel(FormatLevels.neededBy(commands))
        .addAllCommands(commands)
        .setWallTimeMillis(wallMillis)
        .setTerm(term)
        .setClockReadingMillis(readingMillis)
        .build();
  }

  @Override
  public synchronized CompletableFuture<Committed> propose(Command command, Deadline deadline) {
    if (failure != null) {
      return CompletableFuture.failedFuture(failure);
    }
    if (command.hasAppendUpload() && --partsBeforeFailure < 0) {
      return CompletableFuture.failedFuture(
          new ClusterUnavailableException(
              ClusterUnavailableException.Reason.NO_LEADER, false, "no leader"));
    }
    Command stamped = stamped(command);
    List<Outcome> outcomes = apply(List.of(stamped));
    applied.add(stamped);
    return CompletableFuture.completedFuture(new Committed(outcomes.get(0), index));
  }

  private Command stamped(Command command) {
    if (command.hasRegisterAsset() && command.getRegisterAsset().getAsset().getId().isEmpty()) {
      Command.Builder builder = command.toBuilder();
      builder.getRegisterAssetBuilder().getAssetBuilder().setId("generated-" + nextId++);
      return builder.build();
    }
    if (command.hasRequestBuild() && command.getRequestBuild().getSuggestedAssetId().isEmpty()) {
      Command.Builder builder = command.toBuilder();
      builder.getRequestBuildBuilder().setSuggestedAssetId("built-" + nextId++);
      return builder.build();
    }
    if (command.hasReserveBlob()) {
      Command.Builder builder = command.toBuilder();
      builder.getReserveBlobBuilder().setReservationId("reservation-" + nextId++);
      return builder.build();
    }
    if (command.hasOpenUpload()) {
      Command.Builder builder = command.toBuilder();
      builder.getOpenUploadBuilder().setUploadId("%026d".formatted(nextId++));
      return builder.build();
    }
    if (command.hasAcquireAsset()) {
      Command.Builder builder = command.toBuilder();
      builder.getAcquireAssetBuilder().setLeaseId("lease-" + nextId++);
      return builder.build();
    }
    if (command.hasAcquireLeases()) {
      Command.Builder builder = command.toBuilder();
      command
          .getAcquireLeases()
          .getAssetIdsList()
          .forEach(id -> builder.getAcquireLeasesBuilder().addLeaseIds("lease-" + nextId++));
      return builder.build();
    }
    if (command.hasOpenSession() && command.getOpenSession().getSessionId().isEmpty()) {
      Command.Builder builder = command.toBuilder();
      builder.getOpenSessionBuilder().setSessionId("session-" + nextId++);
      return builder.build();
    }
    return command;
  }

  @Override
  public synchronized CompletableFuture<Void> awaitLinearizable(Deadline deadline) {
    return failure == null
        ? CompletableFuture.completedFuture(null)
        : CompletableFuture.failedFuture(failure);
  }

  @Override
  public synchronized CompletableFuture<Void> awaitApplied(long wanted, Deadline deadline) {
    return wanted <= index
        ? CompletableFuture.completedFuture(null)
        : CompletableFuture.failedFuture(
            new ClusterUnavailableException(
                ClusterUnavailableException.Reason.DEADLINE, false, "not applied in time"));
  }

  @Override
  public <T> T query(Function<RegistryView, T> query) {
    return database.read(query);
  }

  @Override
  public synchronized Duration staleness() {
    return staleness;
  }

  /** Begins another term, as a new leader does: by an entry of its own. */
  synchronized void beginTerm(long term) {
    this.term = term;
    tick();
  }

  /** From now on every call fails like this; null: no more. */
  public synchronized void failWith(@Nullable ClusterUnavailableException failure) {
    this.failure = failure;
  }

  /** No more parts of uploads than this many are taken from now on. */
  synchronized void takeParts(int parts) {
    partsBeforeFailure = parts;
  }

  synchronized void setStaleness(Duration staleness) {
    this.staleness = staleness;
  }

  /** Moves wall time and cluster time, as a leader that ticks does. */
  public synchronized void pass(Duration time) {
    wallMillis += time.toMillis();
    readingMillis += time.toMillis();
    tick();
  }

  synchronized long wallMillis() {
    return wallMillis;
  }

  synchronized long index() {
    return index;
  }

  /** How many of a kind were applied. */
  public synchronized long countApplied(Command.KindCase kind) {
    return applied.stream().filter(command -> command.getKindCase() == kind).count();
  }

  /** The commands applied so far, as stamped. */
  public synchronized List<Command> applied() {
    return List.copyOf(applied);
  }

  /** Everything there is, DELETING included. */
  List<Asset> everything() {
    return query(
        view -> {
          List<Asset> all = new ArrayList<>(view.deleting(10_000));
          all.addAll(
              view.list(
                      new AssetQuery(
                          AssetType.ASSET_TYPE_UNSPECIFIED,
                          AssetStatus.ASSET_STATUS_UNSPECIFIED,
                          Map.of(),
                          null,
                          10_000))
                  .assets());
          return all;
        });
  }

  @Override
  public void close() {
    database.close();
  }
}
