package dev.assetmanagerd.clustertests.observe;

import dev.assetmanagerd.clustertests.client.Sha256Sum;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** A store that is a directory. */
public final class FileStore implements StoreView {
  private static final String STAGING = ".staging/";

  private final Path directory;
  private final Lock reading;

  /** A directory that can be read at all times. */
  public FileStore(Path directory) {
    this(directory, new ReentrantLock());
  }

  /**
   * One that cannot.
   *
   * @param reading held while it is read
   */
  public FileStore(Path directory, Lock reading) {
    this.directory = directory;
    this.reading = reading;
  }

  @Override
  public String sha256(String location) throws IOException {
    reading.lock();
    try {
      return Sha256Sum.of(directory.resolve(location));
    } finally {
      reading.unlock();
    }
  }

  @Override
  public List<String> blobs() {
    return files().stream().filter(file -> !file.startsWith(STAGING)).toList();
  }

  @Override
  public List<String> unfinished() {
    return files().stream().filter(file -> file.startsWith(STAGING)).toList();
  }

  private List<String> files() {
    reading.lock();
    try {
      return StoreAudit.files(directory);
    } finally {
      reading.unlock();
    }
  }
}
