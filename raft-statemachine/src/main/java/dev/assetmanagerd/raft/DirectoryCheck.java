package dev.assetmanagerd.raft;

import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.util.MD5FileUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the data of a node that has taken part before are whole. Run before the node says a word
 * to the others: one that has lost what it acknowledged could help to elect a leader that never had
 * it.
 */
final class DirectoryCheck {
  private static final Logger LOG = LoggerFactory.getLogger(DirectoryCheck.class);
  private static final String VOTES = "raft-meta";
  private static final Pattern SNAPSHOT = Pattern.compile("snapshot\\.(\\d+)_(\\d+)");

  private final Path group;
  private final Path current;
  private final Path database;
  private final NodeMarker marker;

  /**
   * @param group Ratis's directory of the group
   * @param database the live registry
   * @param marker what is noted of the node
   */
  DirectoryCheck(Path group, Path database, NodeMarker marker) {
    this.group = group;
    this.current = group.resolve("current");
    this.database = database;
    this.marker = marker;
  }

  /**
   * Repairs what a crash may leave, and a look at the rest shows how it has to be.
   *
   * @return whether there is any entry, applied or not, beyond those of a backup
   * @throws DamagedException saying what is damaged or missing
   */
  boolean run() throws IOException {
    long started = System.nanoTime();
    long term = checkVotes();
    LogPosition snapshot = checkSnapshots();
    LogPosition applied = checkDatabase();
    long reached = Math.max(applied.index(), snapshot.index());
    LogFiles.Extent log = LogFiles.check(current, reached);
    checkConnected(log, applied.index(), snapshot.index());
    checkMembers(log, reached);
    raiseTerm(term, Math.max(log.lastTerm(), Math.max(applied.term(), snapshot.term())));
    FilesDurable.syncDirectory(group); // an installation may have ended right behind its rename
    LOG.info(
        "data checked in {} ms: log {} to {}, registry at {}, snapshot at {}",
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started),
        log.first(),
        log.last(),
        applied.index(),
        snapshot.index());
    long restored = marker.restored().index();
    return reached > restored || (!log.isEmpty() && log.last() > restored);
  }

  /** The term that the file of votes tells. */
  private long checkVotes() throws IOException {
    Path file = current.resolve(VOTES);
    if (!Files.isRegularFile(file)) {
      throw new DamagedException(file + " is missing, which held the votes of this node");
    }
    var votes = new Properties();
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      votes.load(reader);
      if (votes.getProperty("votedFor") == null) {
        throw new IllegalArgumentException("no vote");
      }
      return Long.parseLong(votes.getProperty("term", ""));
    } catch (IllegalArgumentException | CharacterCodingException e) {
      throw new DamagedException(file + " has lost the votes of this node", e);
    }
  }

  /**
   * No entry is of a later term than the node has known. Yet Ratis does not sync the name of the
   * file of votes, so that a power cut may bring back the one before; and where the file could not
   * be written, the disk being full, it goes on with the term. Whom the node has voted for in that
   * term is lost then: the note says that it was for itself, so that it votes for nobody else.
   */
  private void raiseTerm(long noted, long seen) throws IOException {
    if (noted < seen) {
      LOG.warn("the votes in {} are of term {}, entries of {}: raised", current, noted, seen);
      FilesDurable.write(
          current.resolve(VOTES), "term=%d\nvotedFor=%s\n".formatted(seen, marker.nodeId()));
    }
  }

  /**
   * Who the members are is told by the log, or once its begin is gone, by a file. With neither,
   * Ratis would go on with those that the node is configured with.
   */
  private void checkMembers(LogFiles.Extent log, long reached) throws IOException {
    var file = new StoredMembers(current);
    Optional<LogEntryProto> stored = file.read();
    LogEntryProto logged = log.members();
    if (logged != null && stored.filter(found -> found.getIndex() >= logged.getIndex()).isEmpty()) {
      LOG.warn("{} is not what it was when entry {} was applied", file, logged.getIndex());
      file.write(logged);
    } else if (stored.isEmpty()) {
      if (!mayBeWithoutMembers(log, reached)) {
        throw new DamagedException(
            "%s %s, which says who the members of the cluster are, and the Raft log does not tell any more"
                .formatted(file, file.exists() ? "cannot be read" : "is missing"));
      }
      file.delete();
    }
  }

  private boolean mayBeWithoutMembers(LogFiles.Extent log, long reached) {
    boolean fromTheStart = log.isEmpty() ? reached < 0 : log.first() == 0;
    boolean justRestored =
        marker.restored().unstarted() || (reached >= 0 && reached <= marker.restored().index());
    boolean neverMember = marker.joined() && !marker.member();
    return fromTheStart || justRestored || neverMember;
  }

  /** Entries are applied only after they are on this node's own disk, so they must be there. */
  private void checkConnected(LogFiles.Extent log, long applied, long snapshot) throws IOException {
    if (applied > snapshot && log.last() < applied) {
      throw new DamagedException(
          "the Raft log in %s ends with entry %d, but %d have been applied: its end is lost"
              .formatted(group, log.last(), applied));
    }
    long start = Math.max(applied, snapshot);
    if (!log.isEmpty() && log.first() > start + 1) {
      throw new DamagedException(
          "the registry stands at %d and the Raft log in %s begins at %d: what lies between is lost"
              .formatted(start, group, log.first()));
    }
  }

  /** Position of the newest snapshot; of nothing without any. */
  private LogPosition checkSnapshots() throws IOException {
    Path directory = group.resolve("sm");
    LogPosition newest = LogPosition.NONE;
    if (!Files.isDirectory(directory)) {
      return newest;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "snapshot.*")) {
      for (Path file : files) {
        Matcher name = SNAPSHOT.matcher(String.valueOf(file.getFileName()));
        if (name.matches() && checkSnapshot(file)) {
          long index = Long.parseLong(name.group(2));
          newest =
              index > newest.index()
                  ? new LogPosition(Long.parseLong(name.group(1)), index)
                  : newest;
        }
      }
    }
    return newest;
  }

  /** False for one without a digest: making it was interrupted, and nobody uses it. */
  private static boolean checkSnapshot(Path file) throws IOException {
    if (!Files.exists(MD5FileUtil.getDigestFileForFile(file.toFile()).toPath())) {
      return false;
    }
    MD5Hash stored = storedDigest(file);
    MD5Hash computed = MD5FileUtil.computeMd5ForFile(file.toFile());
    if (!stored.equals(computed)) {
      throw new DamagedException(
          "the snapshot %s has MD5 %s instead of %s".formatted(file, computed, stored));
    }
    return true;
  }

  private static MD5Hash storedDigest(Path file) throws IOException {
    try {
      return MD5FileUtil.readStoredMd5ForFile(file.toFile());
    } catch (IOException e) {
      throw new DamagedException("the digest of the snapshot %s cannot be read".formatted(file), e);
    }
  }

  /**
   * Applied position of the database; of nothing without one, which is then made from the snapshot
   * or the log.
   */
  private LogPosition checkDatabase() throws IOException {
    if (!Files.exists(database)) {
      return LogPosition.NONE;
    }
    try {
      if (RegistryDatabase.isBlank(database)) {
        if (marker.bootstrapped()) {
          throw new RegistryException(database + " has lost everything");
        }
        return LogPosition.NONE;
      }
      RegistryDatabase.verify(database);
      return RegistryDatabase.positionOf(database);
    } catch (RegistryException e) {
      throw new DamagedException("the registry is damaged: " + e.getMessage(), e);
    }
  }
}
