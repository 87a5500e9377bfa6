package dev.assetmanagerd.clustertests.chaos.history;

import com.google.gson.JsonObject;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes a history while it happens, one JSON object per line, when a call has ended. Thread-safe.
 *
 * <p>A thread of its own writes; who records waits only while a bounded queue is full. What has
 * been recorded is in the file within a second, so that a run that is killed leaves its history.
 */
public final class HistoryWriter implements AutoCloseable {
  private static final int QUEUE_MAX = 16_384;
  private static final int BATCH_MAX = 1024;
  private static final long FLUSH_MILLIS = 500;
  private static final long CLOSE_MILLIS = 30_000;

  private final LongSupplier clock;
  private final long startNanos;
  private final AtomicLong sequence = new AtomicLong();
  private final AtomicInteger faultsEnded = new AtomicInteger();
  private final BlockingQueue<HistoryEvent> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
  private final Set<PendingCall> pending = ConcurrentHashMap.newKeySet();
  private final BufferedWriter out;
  private final Thread thread;
  private volatile boolean closed;
  private volatile @Nullable IOException failure;

  private HistoryWriter(BufferedWriter out, LongSupplier clock) {
    this.out = out;
    this.clock = clock;
    this.startNanos = clock.getAsLong();
    this.thread = new Thread(this::write, "history-writer");
    thread.setDaemon(true);
  }

  /**
   * Begins a run now.
   *
   * @param file is made anew
   */
  public static HistoryWriter open(Path file) throws IOException {
    return open(file, System::nanoTime);
  }

  static HistoryWriter open(Path file, LongSupplier clock) throws IOException {
    HistoryWriter writer = new HistoryWriter(Files.newBufferedWriter(file), clock);
    writer.thread.start();
    return writer;
  }

  /** Nanoseconds since the run began. */
  public long nowNanos() {
    return clock.getAsLong() - startNanos;
  }

  /** A moment of the clock, {@link System#nanoTime} unless said otherwise, in those nanoseconds. */
  public long sinceBegin(long clockNanos) {
    return clockNanos - startNanos;
  }

  /** How many faults have been done and undone so far. */
  public int faultsEnded() {
    return faultsEnded.get();
  }

  /** A call begins now. It has to be told how it ended, or it is of unknown outcome at the end. */
  public PendingCall invoke(int process, Kind kind, List<String> assets, Input input, String key) {
    PendingCall call =
        new PendingCall(this, process, nextSequence(), kind, assets, input, key, nowNanos());
    pending.add(call);
    return call;
  }

  long nextSequence() {
    return sequence.incrementAndGet();
  }

  /** A fault begins: to be told before it is done. */
  public void faultBegins(String fault, List<String> nodes, String detail, boolean quorum) {
    add(new FaultEvent(fault, true, nodes, detail, quorum, nowNanos()));
  }

  /** A fault ends: to be told after it is undone. */
  public void faultEnds(String fault, List<String> nodes, String detail, boolean quorum) {
    add(new FaultEvent(fault, false, nodes, detail, quorum, nowNanos()));
    faultsEnded.incrementAndGet();
  }

  void ended(PendingCall pendingCall, Call call) {
    pending.remove(pendingCall);
    add(call);
  }

  /**
   * Writes an event that was recorded elsewhere, on the same clock.
   *
   * @throws IllegalStateException when the writer is closed or its file cannot be written
   */
  public void add(HistoryEvent event) {
    try {
      while (!queue.offer(event, FLUSH_MILLIS, TimeUnit.MILLISECONDS)) {
        checkAlive();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while recording " + event, e);
    }
    checkAlive();
  }

  private void checkAlive() {
    IOException broken = failure;
    if (broken != null || !thread.isAlive()) {
      throw new IllegalStateException("the history cannot be written", broken);
    }
  }

  /**
   * Records all calls that have not ended as ones of unknown outcome, and ends the history.
   *
   * @throws IOException when not everything could be written
   */
  @Override
  public void close() throws IOException {
    for (PendingCall call :
        pending.stream().sorted(Comparator.comparingLong(PendingCall::sequence)).toList()) {
      call.unknown("not_ended", "the run ended first");
    }
    closed = true;
    try {
      thread.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    IOException broken = failure;
    if (broken != null) {
      throw new IOException("the history could not be written", broken);
    }
    if (thread.isAlive()) {
      throw new IOException("the history was not written within " + CLOSE_MILLIS + " ms");
    }
  }

  private void write() {
    try (out) {
      List<HistoryEvent> batch = new ArrayList<>(BATCH_MAX);
      boolean last;
      do {
        last = closed; // looked at before the queue: what was added before is still taken
        HistoryEvent first = queue.poll(last ? 0 : FLUSH_MILLIS, TimeUnit.MILLISECONDS);
        if (first == null) {
          out.flush();
          continue;
        }
        last = false;
        batch.add(first);
        queue.drainTo(batch, BATCH_MAX - 1);
        write(batch);
        batch.clear();
      } while (!last);
    } catch (IOException e) {
      failure = e;
    } catch (InterruptedException e) {
      failure = new IOException("the writer of the history was interrupted", e);
    }
  }

  private void write(List<HistoryEvent> batch) throws IOException {
    for (HistoryEvent event : batch) {
      JsonObject json = EventJson.toJson(event);
      out.write(json.toString());
      out.write('\n');
    }
    if (queue.isEmpty()) {
      out.flush();
    }
  }
}
