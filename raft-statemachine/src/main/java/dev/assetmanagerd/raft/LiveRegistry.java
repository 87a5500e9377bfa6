package dev.assetmanagerd.raft;

import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.registry.RegistryOptions;
import dev.assetmanagerd.registry.RegistrySnapshot;
import dev.assetmanagerd.registry.RegistryView;
import dev.assetmanagerd.registry.RegistryWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The database that is in use, which a snapshot from the leader may replace while readers come and
 * go. Thread-safe.
 */
final class LiveRegistry implements AutoCloseable {
  private final Path file;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private @Nullable RegistryDatabase database;

  LiveRegistry(Path file) {
    this.file = file;
  }

  /**
   * Opens the database, taking the snapshot's content instead where the database is missing or
   * older, as it may be after a power cut.
   *
   * @param snapshot the newest snapshot on this node; null without any
   * @return the position of what was opened
   */
  LogPosition open(@Nullable Path snapshot, LogPosition snapshotPosition) throws IOException {
    lock.writeLock().lock();
    try {
      if (snapshot != null && !Files.exists(file)) {
        replaceFile(snapshot);
      }
      RegistryDatabase opened = RegistryDatabase.open(file, RegistryOptions.DEFAULT);
      if (snapshot != null && opened.applied().index() < snapshotPosition.index()) {
        opened.close();
        replaceFile(snapshot);
        opened = RegistryDatabase.open(file, RegistryOptions.DEFAULT);
      }
      database = opened;
      return opened.applied();
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Puts the snapshot's content in place of the database. The writer must have stopped. */
  LogPosition replace(Path snapshot) throws IOException {
    lock.writeLock().lock();
    try {
      close();
      replaceFile(snapshot);
      RegistryDatabase opened = RegistryDatabase.open(file, RegistryOptions.DEFAULT);
      database = opened;
      return opened.applied();
    } finally {
      lock.writeLock().unlock();
    }
  }

  RegistryWriter writer() {
    lock.readLock().lock();
    try {
      return required().writer();
    } finally {
      lock.readLock().unlock();
    }
  }

  <T> T read(Function<RegistryView, T> query) {
    lock.readLock().lock();
    try {
      return required().read(query);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Keeps the registry as it is now; to be closed before the database is closed or replaced. */
  RegistrySnapshot snapshot() {
    lock.readLock().lock();
    try {
      return required().snapshot();
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Copies the database as of one position, which is returned, while writing goes on. */
  LogPosition copyTo(Path target) {
    lock.readLock().lock();
    try {
      return required().copyTo(target);
    } finally {
      lock.readLock().unlock();
    }
  }

  Path file() {
    return file;
  }

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      RegistryDatabase closing = database;
      database = null;
      if (closing != null) {
        closing.close();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  private RegistryDatabase required() {
    RegistryDatabase current = database;
    if (current == null) {
      throw new RegistryException("the registry is closed");
    }
    return current;
  }

  /**
   * In an order that a crash at any point leaves either the old database whole, or none, which the
   * next start answers by taking the snapshot: a main file without its write-ahead log may be
   * neither.
   */
  private void replaceFile(Path snapshot) throws IOException {
    Path incoming = sibling(".tmp");
    Files.copy(snapshot, incoming, StandardCopyOption.REPLACE_EXISTING);
    FilesDurable.syncFile(incoming);
    Files.deleteIfExists(file);
    FilesDurable.syncDirectory(FilesDurable.directoryOf(file));
    Files.deleteIfExists(sibling("-wal"));
    Files.deleteIfExists(sibling("-shm"));
    FilesDurable.move(incoming, file);
  }

  private Path sibling(String suffix) {
    return file.resolveSibling(file.getFileName() + suffix);
  }
}
