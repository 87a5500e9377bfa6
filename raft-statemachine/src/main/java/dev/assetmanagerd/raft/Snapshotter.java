package dev.assetmanagerd.raft;

import dev.assetmanagerd.raft.SnapshotFiles.Prepared;
import dev.assetmanagerd.registry.LogPosition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.SnapshotManagementRequest;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.util.MD5FileUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes snapshots in the background: copies the registry while it is written, then has Ratis
 * publish the copy and purge its log. Members are due one after the other, the leader last, so that
 * they do not all copy at once.
 */
final class Snapshotter implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Snapshotter.class);
  private static final long PUBLISH_TIMEOUT_MILLIS = 60_000;
  private static final long CLOSE_SECONDS = 30;

  private final RaftServer server;
  private final RaftGroupId groupId;
  private final RaftView raft;
  private final LiveRegistry registry;
  private final SnapshotFiles files;
  private final AppliedIndex applied;
  private final long threshold;
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong callIds = new AtomicLong();
  private final AtomicBoolean busy = new AtomicBoolean();
  private final ExecutorService thread =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(16),
          task -> {
            var created = new Thread(task, "registry-snapshot");
            created.setDaemon(true);
            return created;
          });

  Snapshotter(
      RaftServer server,
      RaftGroupId groupId,
      RaftView raft,
      LiveRegistry registry,
      SnapshotFiles files,
      AppliedIndex applied,
      long threshold) {
    this.server = server;
    this.groupId = groupId;
    this.raft = raft;
    this.registry = registry;
    this.files = files;
    this.applied = applied;
    this.threshold = threshold;
  }

  /** Starts a snapshot when one is due. Returns at once. */
  void takeIfDue() {
    // Those of higher rank among the members are due a little later.
    List<Member> all = Membership.membersOf(raft.members()).all();
    int members = Math.max(1, all.size());
    long rank = all.stream().takeWhile(member -> !member.id().equals(raft.self())).count();
    long turn = rank + (raft.leading() ? members : 0);
    long due = threshold + turn * threshold / (4L * members);
    if (applied.get() - files.latestIndex() >= due && busy.compareAndSet(false, true)) {
      var unused =
          submit()
              .whenComplete(
                  (index, failure) -> {
                    busy.set(false);
                    if (failure != null) {
                      LOG.warn("taking a snapshot failed; it is tried again", failure);
                    }
                  });
    }
  }

  /**
   * Takes a snapshot of what is applied now.
   *
   * @return its index, or that of the latest one when nothing was applied since
   */
  CompletableFuture<Long> submit() {
    var done = new CompletableFuture<Long>();
    try {
      thread.execute(
          () -> {
            try {
              done.complete(take());
            } catch (IOException | RuntimeException e) {
              done.completeExceptionally(e);
            }
          });
    } catch (RejectedExecutionException e) {
      done.completeExceptionally(e);
    }
    return done;
  }

  private long take() throws IOException {
    if (applied.get() <= files.latestIndex()) {
      return files.latestIndex();
    }
    long started = System.nanoTime();
    // Beside the database, for installing a snapshot may replace Ratis's directory meanwhile.
    Path copy = registry.file().resolveSibling("snapshot.tmp");
    Files.deleteIfExists(copy);
    try {
      LogPosition position = registry.copyTo(copy);
      long bytes = Files.size(copy);
      files.offer(new Prepared(copy, position, MD5FileUtil.computeMd5ForFile(copy.toFile())));
      publish();
      LOG.info(
          "snapshot taken at {}: {} bytes in {} ms",
          position,
          bytes,
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started));
      return files.latestIndex();
    } finally {
      files.withdraw();
      Files.deleteIfExists(copy);
    }
  }

  private void publish() throws IOException {
    RaftClientReply reply =
        server.snapshotManagement(
            SnapshotManagementRequest.newCreate(
                clientId,
                server.getId(),
                groupId,
                callIds.incrementAndGet(),
                PUBLISH_TIMEOUT_MILLIS,
                1));
    if (!reply.isSuccess()) {
      throw new IOException("publishing a snapshot was refused", reply.getException());
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
    try {
      if (!thread.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("a snapshot did not end within {} s", CLOSE_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
