package dev.assetmanagerd.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Read-only connections, opened when first needed, a bounded number of them. Thread-safe. */
final class ReaderPool implements AutoCloseable {
  private final Path file;
  private final RegistryOptions options;

  /** One for each read allowed at a time; fair, so that closing and reads take their turns. */
  private final Semaphore permits;

  private final Object lock = new Object();
  private final Deque<Sql> idle = new ArrayDeque<>();
  private boolean closed;

  ReaderPool(Path file, RegistryOptions options) {
    this.file = file;
    this.options = options;
    this.permits = new Semaphore(options.readers(), true);
  }

  <T> T read(Function<RegistryView, T> query) {
    if (!acquire(1, options.readerWait())) {
      throw new RegistryBusyException(
          "no connection for reading came free: all %d are in use, after a wait of %s at most"
              .formatted(options.readers(), options.readerWait()));
    }
    try {
      return readOn(borrow(), query);
    } finally {
      permits.release();
    }
  }

  private <T> T readOn(Sql sql, Function<RegistryView, T> query) {
    boolean reusable = false;
    try {
      sql.update("BEGIN");
      SnapshotView view = new SnapshotView(sql);
      T result;
      try {
        result = query.apply(view);
      } finally {
        view.close();
        sql.rollback();
        reusable = true;
      }
      return result;
    } finally {
      giveBack(sql, reusable);
    }
  }

  private Sql borrow() {
    @Nullable Sql sql;
    synchronized (lock) {
      if (closed) {
        throw new RegistryException("the registry database is closed");
      }
      sql = idle.pollFirst();
    }
    return sql == null ? Connections.reader(file) : sql;
  }

  private void giveBack(Sql sql, boolean reusable) {
    synchronized (lock) {
      if (reusable && !closed) {
        idle.addFirst(sql);
        return;
      }
    }
    sql.close();
  }

  /** Refuses further reads, and waits for those under way, which close their connections. */
  @Override
  public void close() {
    Deque<Sql> unused;
    synchronized (lock) {
      closed = true;
      unused = new ArrayDeque<>(idle);
      idle.clear();
    }
    unused.forEach(Sql::close);
    if (acquire(options.readers(), options.closeWait())) {
      permits.release(options.readers());
    }
  }

  private boolean acquire(int count, Duration wait) {
    try {
      return permits.tryAcquire(count, wait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
