package dev.assetmanagerd.raft;

import dev.assetmanagerd.log.v1.LogEntry;
import dev.assetmanagerd.registry.LogPosition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.proto.RaftProtos;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Ratis calls. It decodes, queues and hands on; the rules are in the registry, the writing is
 * {@link ApplyThread}'s.
 *
 * <p>Ratis starts replaying behind {@link #getLatestSnapshot}, not behind the applied index. While
 * the server starts, that method therefore answers with the position of the live database; later
 * with real snapshot files, which is what Ratis sends to followers that lag.
 */
final class RegistryStateMachine extends BaseStateMachine {
  private static final Logger LOG = LoggerFactory.getLogger(RegistryStateMachine.class);

  private final LiveRegistry registry;
  private final ApplyThread applyThread;
  private final Events events;
  private final PauseWatch pauseWatch;
  private final SnapshotFiles storage = new SnapshotFiles();
  private volatile boolean started;

  /** What the rest of the node wants to know. Called on Ratis's threads: hand over at once. */
  interface Events {
    void leaderReady();

    void notLeader();

    void leaderChanged(@Nullable String leaderId);

    void failed(Throwable failure);

    void snapshotInstalled(LogPosition position);

    void membersChanged();
  }

  /**
   * @param timers of the node, for the look at pauses
   */
  RegistryStateMachine(
      LiveRegistry registry, ApplyThread applyThread, Events events, Timers timers) {
    this.registry = registry;
    this.applyThread = applyThread;
    this.events = events;
    this.pauseWatch =
        new PauseWatch(timers, () -> getLifeCycleState() == LifeCycle.State.PAUSED, events::failed);
  }

  /** To be called when the server's start has returned. */
  void markStarted() {
    started = true;
  }

  SnapshotFiles snapshots() {
    return storage;
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId group, RaftStorage raftStorage)
      throws IOException {
    getLifeCycle()
        .startAndTransition(
            () -> {
              super.initialize(server, group, raftStorage);
              storage.init(raftStorage);
              SingleFileSnapshotInfo snapshot = storage.getLatestSnapshot();
              LogPosition position =
                  snapshot == null
                      ? registry.open(null, LogPosition.NONE)
                      : registry.open(snapshot.getFile().getPath(), position(snapshot));
              applyThread.start(registry.writer(), position);
              LOG.info(
                  "registry opened at {}, latest snapshot {}",
                  position,
                  snapshot == null ? "none" : position(snapshot));
            });
  }

  @Override
  public TermIndex getLastAppliedTermIndex() {
    return termIndex(applyThread.position());
  }

  @Override
  public @Nullable SnapshotInfo getLatestSnapshot() {
    LogPosition position = applyThread.position();
    if (!started && position.index() >= 0) {
      return new SingleFileSnapshotInfo(
          new FileInfo(registry.file(), (MD5Hash) null), termIndex(position));
    }
    return storage.getLatestSnapshot();
  }

  @Override
  public StateMachineStorage getStateMachineStorage() {
    return storage;
  }

  @Override
  public TransactionContext startTransaction(RaftClientRequest request) {
    var transaction =
        TransactionContext.newBuilder()
            .setStateMachine(this)
            .setClientRequest(request)
            .setLogData(request.getMessage().getContent())
            .build();
    // The leader proposes in process only; what came in over the Raft port is none of ours.
    if (!(request.getMessage() instanceof ProposedEntry)) {
      transaction.setException(new IOException("entries are proposed by the leader itself"));
    }
    return transaction;
  }

  @Override
  public TransactionContext preAppendTransaction(TransactionContext transaction)
      throws IOException {
    if (transaction.getClientRequest().getMessage() instanceof ProposedEntry proposal) {
      requireSameTerm(proposal);
      proposal.markAppended();
    }
    return transaction;
  }

  /**
   * The clock advance in an entry counts from the previous stamp of the same leadership. Stepping
   * down is the one exception that does not leak a permit of Ratis's.
   */
  private void requireSameTerm(ProposedEntry proposal) throws IOException {
    RaftServer.Division division = getServer().join().getDivision(getGroupId());
    long term = division.getInfo().getCurrentTerm();
    if (term != proposal.term()) {
      throw new StateMachineException(
          division.getMemberId(),
          new IOException("stamped in term " + proposal.term() + ", appended in " + term),
          true);
    }
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
    RaftProtos.LogEntryProto logged = transaction.getLogEntry();
    var position = new LogPosition(logged.getTerm(), logged.getIndex());
    if (position.index() <= applyThread.position().index()) {
      return CompletableFuture.completedFuture(Message.EMPTY);
    }
    var data = logged.getStateMachineLogEntry().getLogData();
    RaftClientRequest request = transaction.getClientRequest();
    ProposedEntry proposal =
        request != null && request.getMessage() instanceof ProposedEntry own ? own : null;
    var done = new CompletableFuture<Message>();
    try {
      LogEntry entry =
          proposal != null ? proposal.entry() : LogEntry.parseFrom(data.asReadOnlyByteBuffer());
      submit(new CommittedEntry(position, entry, data.size(), proposal, done));
    } catch (IOException e) {
      var failure = new IllegalStateException("log entry " + position + " cannot be read", e);
      events.failed(failure);
      throw failure;
    }
    return done;
  }

  /**
   * For entries of Ratis's own. Ratis counts them as applied when this returns, whatever is still
   * queued before them, so it must not return earlier.
   */
  @Override
  public void notifyTermIndexUpdated(long term, long index) {
    var position = new LogPosition(term, index);
    if (index <= applyThread.position().index()) {
      return;
    }
    var done = new CompletableFuture<Message>();
    submit(new CommittedEntry(position, null, 0, null, done));
    done.join();
  }

  private void submit(CommittedEntry entry) {
    try {
      applyThread.submit(entry);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while queueing " + entry.position(), e);
    }
  }

  @Override
  public long takeSnapshot() throws IOException {
    return storage.publish();
  }

  /**
   * Called when a snapshot has been received in whole, right before Ratis puts it in its place. A
   * second time in a row only where that has failed.
   */
  @Override
  public void pause() {
    try {
      storage.syncReceived();
      if (getLifeCycleState() != LifeCycle.State.PAUSED) {
        getLifeCycle().transition(LifeCycle.State.PAUSING);
        applyThread.pause();
        getLifeCycle().transition(LifeCycle.State.PAUSED);
        pauseWatch.begin();
      }
    } catch (IOException e) {
      events.failed(e);
      throw new UncheckedIOException("what was received of a snapshot cannot be kept", e);
    } catch (RuntimeException | Error e) {
      events.failed(e); // Ratis only logs it, and nothing would ever be applied again
      throw e;
    }
  }

  @Override
  public void reinitialize() throws IOException {
    try {
      getLifeCycle().startAndTransition(this::takeOverInstalledSnapshot);
    } catch (IOException | RuntimeException | Error e) {
      events.failed(e);
      throw e;
    }
  }

  private void takeOverInstalledSnapshot() throws IOException {
    SingleFileSnapshotInfo snapshot = storage.loadLatestSnapshot();
    if (snapshot == null) {
      throw new IOException("no snapshot to take over");
    }
    Path file = snapshot.getFile().getPath();
    SnapshotFiles.sync(file);
    LogPosition position = registry.replace(file);
    if (!position.equals(position(snapshot))) {
      throw new IOException(file + " holds " + position + ", not what its name says");
    }
    applyThread.start(registry.writer(), position);
    LOG.info("snapshot {} installed from the leader", position);
    events.snapshotInstalled(position);
  }

  @Override
  public void close() throws IOException {
    getLifeCycle().checkStateAndClose(applyThread::close);
  }

  @Override
  public void notifyLeaderReady() {
    events.leaderReady();
  }

  @Override
  public void notifyNotLeader(Collection<TransactionContext> pending) {
    events.notLeader();
  }

  @Override
  public void notifyLeaderChanged(RaftGroupMemberId member, @Nullable RaftPeerId leader) {
    events.leaderChanged(leader == null ? null : leader.toString());
  }

  @Override
  public void notifyConfigurationChanged(
      long term, long index, RaftProtos.RaftConfigurationProto configuration) {
    try {
      storage.keepMembers(term, index, configuration);
    } catch (IOException | RuntimeException e) {
      events.failed(new IOException("who the members are cannot be kept", e));
    }
    events.membersChanged();
  }

  @Override
  public void notifyLogFailed(Throwable cause, RaftProtos.@Nullable LogEntryProto entry) {
    events.failed(new IOException("writing the Raft log failed", cause));
  }

  @Override
  public void notifySnapshotInstalled(
      RaftProtos.InstallSnapshotResult result, long index, RaftPeer peer) {
    LOG.info("snapshot {} sent to {}: {}", index, peer.getId(), result);
  }

  private static LogPosition position(SingleFileSnapshotInfo snapshot) {
    return new LogPosition(snapshot.getTerm(), snapshot.getIndex());
  }

  private static TermIndex termIndex(LogPosition position) {
    return position.index() < 0
        ? TermIndex.valueOf(0, RaftLog.INVALID_LOG_INDEX)
        : TermIndex.valueOf(position.term(), position.index());
  }
}
