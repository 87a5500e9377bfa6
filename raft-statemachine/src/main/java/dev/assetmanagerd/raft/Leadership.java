package dev.assetmanagerd.raft;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the {@link LeadershipListener}, one call at a time, in order, on a thread of its own.
 *
 * <p>Ratis reports a leader as ready while entries of earlier terms may still be queued for
 * applying; the listener hears of it when they are applied.
 */
final class Leadership implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
  private static final long CLOSE_SECONDS = 10;

  private final RaftView raft;
  private final AppliedIndex applied;
  private final LeadershipListener listener;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            var created = new Thread(task, "raft-leadership");
            created.setDaemon(true);
            return created;
          });

  /** Only touched on the thread. */
  private boolean told;

  Leadership(RaftView raft, AppliedIndex applied, LeadershipListener listener) {
    this.raft = raft;
    this.applied = applied;
    this.listener = listener;
  }

  void ready() {
    long term = raft.term();
    var unused = applied.await(raft.commitIndex()).thenRun(() -> submit(() -> tellReady(term)));
  }

  void lost() {
    submit(this::tellLost);
  }

  private void tellReady(long term) {
    if (told || !raft.leadingReady() || raft.term() != term) {
      return;
    }
    told = true;
    LOG.info("{} leads in term {}", raft.self(), term);
    try {
      listener.onLeaderReady(term);
    } catch (RuntimeException e) {
      LOG.error("starting leader duties failed", e);
    }
  }

  private void tellLost() {
    if (!told) {
      return;
    }
    told = false;
    LOG.info("{} leads no more", raft.self());
    try {
      listener.onLeadershipLost();
    } catch (RuntimeException e) {
      LOG.error("stopping leader duties failed", e);
    }
  }

  private void submit(Runnable task) {
    try {
      thread.execute(task);
    } catch (RejectedExecutionException e) {
      LOG.debug("closed already", e);
    }
  }

  /** Tells that leadership is lost, if that was not told yet, and ends. */
  @Override
  public void close() {
    lost();
    thread.shutdown();
    try {
      if (!thread.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("leader duties did not stop within {} s", CLOSE_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
