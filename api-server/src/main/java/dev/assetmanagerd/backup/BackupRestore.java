package dev.assetmanagerd.backup;

import dev.assetmanagerd.raft.RestoredDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * Lays out an empty data directory from a backup, so that the nodes on which the same backup is
 * restored found the cluster anew. Offline: no node runs on the directory, and its lock is the
 * caller's. For one thread.
 */
public final class BackupRestore implements AutoCloseable {
  private final RestoredDirectory directory;
  private final UnpackedBackup backup;
  private boolean finished;

  private BackupRestore(RestoredDirectory directory, UnpackedBackup backup) {
    this.directory = directory;
    this.backup = backup;
  }

  /**
   * Unpacks and checks a backup in the directory, and leaves it at that.
   *
   * @param in is read to its end, and left open
   * @throws BadBackupException when the backup is none, is damaged, or for a newer program; the
   *     directory is empty then
   * @throws IOException when the directory is not empty, or cannot be used
   */
  public static BackupRestore begin(Path dataDirectory, InputStream in) throws IOException {
    RestoredDirectory directory = RestoredDirectory.begin(dataDirectory);
    boolean done = false;
    try {
      UnpackedBackup backup = BackupReader.read(in, directory.work());
      done = true;
      return new BackupRestore(directory, backup);
    } finally {
      if (!done) {
        directory.abandon();
      }
    }
  }

  /** What was unpacked. */
  public UnpackedBackup backup() {
    return backup;
  }

  /** Makes it the directory of a node, which may start when this has returned. */
  public void finish(String clusterId, String nodeId) throws IOException {
    directory.finish(clusterId, nodeId, backup.lineage(), backup.registry());
    finished = true;
  }

  /** Empties the directory again, unless it was finished. */
  @Override
  public void close() throws IOException {
    if (!finished) {
      directory.abandon();
    }
  }
}
