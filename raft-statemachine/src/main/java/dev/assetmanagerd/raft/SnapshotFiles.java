package dev.assetmanagerd.raft;

import dev.assetmanagerd.registry.LogPosition;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;
import org.jspecify.annotations.Nullable;

/**
 * The snapshot files in Ratis's "sm" directory. A snapshot is prepared elsewhere, in the
 * background, and published here in the moment when Ratis asks for one, on Ratis's applying thread:
 * publishing earlier would make Ratis believe that it has nothing to do, and installing a snapshot,
 * which runs on the same thread, replaces the whole directory.
 */
final class SnapshotFiles extends SimpleStateMachineStorage {
  /**
   * A finished copy of the registry.
   *
   * @param file not yet below "sm", but on the same file system
   */
  record Prepared(Path file, LogPosition position, MD5Hash md5) {}

  private final AtomicReference<@Nullable Prepared> prepared = new AtomicReference<>();
  private volatile @Nullable Path receiving;
  private volatile @Nullable StoredMembers members;

  @Override
  public void init(RaftStorage storage) throws IOException {
    receiving = storage.getStorageDir().getTmpDir().toPath();
    members = new StoredMembers(storage.getStorageDir().getCurrentDir().toPath());
    super.init(storage);
  }

  /**
   * Makes durable who the members are. The entry that says so may go once a snapshot contains it.
   *
   * @param term of that entry
   * @param index of that entry
   */
  void keepMembers(long term, long index, RaftConfigurationProto configuration) throws IOException {
    StoredMembers stored = members;
    if (stored == null) {
      throw new IllegalStateException("members before the storage");
    }
    stored.keep(term, index, configuration);
  }

  /**
   * Makes durable what has been received of snapshots. Ratis syncs nothing of it before it puts the
   * directory in place of "sm", and then the snapshots and the log that there were are gone.
   */
  void syncReceived() throws IOException {
    Path directory = receiving;
    if (directory == null || !Files.isDirectory(directory)) {
      return;
    }
    try (DirectoryStream<Path> received = Files.newDirectoryStream(directory, "snapshot-*")) {
      for (Path snapshot : received) {
        FilesDurable.syncTree(snapshot);
      }
    }
    FilesDurable.syncDirectory(directory);
  }

  static void sync(Path snapshot) throws IOException {
    FilesDurable.syncFile(snapshot);
    Path md5 = MD5FileUtil.getDigestFileForFile(snapshot.toFile()).toPath();
    if (Files.exists(md5)) {
      FilesDurable.syncFile(md5);
    }
    Path directory = FilesDurable.directoryOf(snapshot);
    FilesDurable.syncDirectory(directory);
    FilesDurable.syncDirectory(FilesDurable.directoryOf(directory));
  }

  /** Index of the newest snapshot; -1 without any. */
  long latestIndex() {
    SingleFileSnapshotInfo latest = getLatestSnapshot();
    return latest == null ? -1 : latest.getIndex();
  }

  void offer(Prepared snapshot) {
    prepared.set(snapshot);
  }

  /** Takes back what was offered and not published. */
  void withdraw() throws IOException {
    Prepared unused = prepared.getAndSet(null);
    if (unused != null) {
      Files.deleteIfExists(unused.file());
    }
  }

  /**
   * Publishes what was offered.
   *
   * @return its index; Ratis's "none" when there is nothing, or nothing newer than what is there
   */
  long publish() throws IOException {
    Prepared snapshot = prepared.getAndSet(null);
    if (snapshot == null) {
      return RaftLog.INVALID_LOG_INDEX;
    }
    LogPosition position = snapshot.position();
    if (position.index() <= latestIndex()) {
      Files.deleteIfExists(snapshot.file());
      return RaftLog.INVALID_LOG_INDEX;
    }
    File target = getSnapshotFile(position.term(), position.index());
    // The digest first: a snapshot without one is not taken for whole.
    MD5FileUtil.saveMD5File(target, snapshot.md5());
    FilesDurable.move(snapshot.file(), target.toPath());
    updateLatestSnapshot(
        new SingleFileSnapshotInfo(
            new FileInfo(target.toPath(), snapshot.md5()),
            TermIndex.valueOf(position.term(), position.index())));
    return position.index();
  }
}
