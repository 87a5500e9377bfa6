package dev.assetmanagerd.registry;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * A registry in one SQLite file: one writer, many readers that never wait for it.
 *
 * <p>SQLite runs in WAL mode with {@code synchronous=NORMAL}: a power cut may lose the last
 * transactions as a whole, with the position they stored, and never corrupts; the log, which is
 * durable, is applied again from there.
 *
 * <p>Thread-safe, {@link #writer} excepted. A file must be open in one process only.
 */
public final class RegistryDatabase implements AutoCloseable {
  private final Path file;
  private final Sql writing;
  private final RegistryWriter writer;
  private final ReaderPool readers;
  private final ReentrantLock copying = new ReentrantLock();
  private final AtomicBoolean closed = new AtomicBoolean();

  private RegistryDatabase(Path file, Sql writing, RegistryOptions options) {
    this.file = file;
    this.writing = writing;
    this.writer = new RegistryWriter(writing, file);
    this.readers = new ReaderPool(file, options);
  }

  /** As {@link #open(Path, RegistryOptions)} with {@link RegistryOptions#DEFAULT}. */
  public static RegistryDatabase open(Path file) {
    return open(file, RegistryOptions.DEFAULT);
  }

  /**
   * Opens a registry, at the format level that it is at; creates it, at {@link FormatLevels#BASE},
   * where there is no file.
   *
   * @param file in a directory that exists
   * @throws RegistryException when the file is not a registry, is at a level that this program does
   *     not know, or cannot be opened; it is unchanged then
   */
  public static RegistryDatabase open(Path file, RegistryOptions options) {
    Path absolute = file.toAbsolutePath();
    Sql writing = Connections.writer(absolute);
    try {
      return new RegistryDatabase(absolute, writing, options);
    } catch (RuntimeException e) {
      writing.close();
      throw e;
    }
  }

  /** The last log position that is committed here; {@link LogPosition#NONE} when new. */
  public LogPosition applied() {
    return writer.applied();
  }

  /** The one writer of this database, the same at every call. For one thread at a time. */
  public RegistryWriter writer() {
    return writer;
  }

  /**
   * Runs a query on the calling thread, on a snapshot of its own: whatever it asks is answered as
   * of one log position, while the writer goes on. What it throws comes through.
   *
   * @param query must not keep the view, nor call this method again
   * @throws RegistryBusyException when no connection came free in time
   * @throws RegistryException when the database fails or is closed
   */
  public <T> T read(Function<RegistryView, T> query) {
    return readers.read(query);
  }

  /**
   * Keeps the registry as it is at its last committed position for reading at leisure. To be closed
   * before this database is.
   *
   * @throws RegistryException when the database fails or is closed
   */
  public RegistrySnapshot snapshot() {
    if (closed.get()) {
      throw new RegistryException("the registry database is closed");
    }
    return RegistrySnapshot.open(file);
  }

  /**
   * Writes a consistent copy of the registry while reads and writes go on. The copy is complete and
   * durable under its name, or there is none.
   *
   * @param target must not exist; its directory must
   * @return the last position that the copy contains
   * @throws RegistryBusyException when another copy is being made
   * @throws RegistryException when it fails; nothing is left behind
   */
  public LogPosition copyTo(Path target) {
    if (!copying.tryLock()) {
      throw new RegistryBusyException("another copy of the registry is being made");
    }
    try {
      return copy(target.toAbsolutePath());
    } catch (IOException e) {
      throw new RegistryException("cannot copy the registry to " + target, e);
    } finally {
      copying.unlock();
    }
  }

  private LogPosition copy(Path target) throws IOException {
    if (closed.get()) {
      throw new RegistryException("the registry database is closed");
    }
    if (Files.exists(target)) {
      throw new RegistryException(target + " exists already");
    }
    Path partial = target.resolveSibling(target.getFileName() + ".partial");
    try {
      Files.deleteIfExists(partial);
      try (Sql source = Sql.open(file, false)) {
        source.execute("PRAGMA busy_timeout = 5000");
        source.update("VACUUM INTO ?", partial.toString());
      }
      LogPosition position = positionOf(partial);
      sync(partial);
      Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
      sync(target.resolveSibling("."));
      return position;
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  /**
   * Whether a registry file that is not open has nothing in it, not even a schema, as where power
   * was lost while it was made: it is as good as none.
   *
   * @throws RegistryException when it is not a registry, or not one that this program knows
   */
  public static boolean isBlank(Path file) {
    return Connections.isBlank(file);
  }

  /**
   * The position that a closed registry file has come to, without changing or migrating it.
   *
   * @throws RegistryException when it is not a registry of the current schema
   */
  public static LogPosition positionOf(Path file) {
    try (Sql copy = Connections.reader(file)) {
      return Progress.read(copy).applied();
    }
  }

  /**
   * Reads a registry file that is not open, without changing or migrating it.
   *
   * @param query must not keep the view
   * @throws RegistryException when it is not a registry, or not one that this program knows
   */
  public static <T> T inspect(Path file, Function<RegistryView, T> query) {
    try (Sql sql = Connections.reader(file)) {
      sql.update("BEGIN");
      SnapshotView view = new SnapshotView(sql);
      try {
        return query.apply(view);
      } finally {
        view.close();
        sql.rollback();
      }
    }
  }

  /**
   * Checks a registry file from end to end: pages, references, lease counts. Takes seconds for a
   * million assets.
   *
   * @throws RegistryException saying what is damaged
   */
  public static void verify(Path file) {
    Connections.verify(file);
  }

  static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /**
   * Closes the database, once; further calls do nothing. Waits for reads under way as long as the
   * options say; a read that takes longer still ends well. The writer must be idle; a transaction
   * it left open is lost.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      try {
        readers.close();
      } finally {
        writing.close();
      }
    }
  }
}
