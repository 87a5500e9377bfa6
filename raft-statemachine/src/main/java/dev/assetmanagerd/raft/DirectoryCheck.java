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
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.io.MD5Hash;
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
  private static final Pattern SNAPSHOT = Pattern.compile("snapshot\\.(\\d+)_(\\d+)");

  private final Path group;
  private final Path database;
  private final boolean laidOut;

  /**
   * @param group Ratis's directory of the group
   * @param database the live registry
   * @param laidOut whether the node has once started to its end, with a registry on its disk
   */
  DirectoryCheck(Path group, Path database, boolean laidOut) {
    this.group = group;
    this.database = database;
    this.laidOut = laidOut;
  }

  /**
   * @return whether there is any entry, applied or not
   * @throws DamagedException saying what is damaged or missing
   */
  boolean run() throws IOException {
    long started = System.nanoTime();
    Path current = group.resolve("current");
    checkVotes(current.resolve("raft-meta"));
    long snapshot = checkSnapshots();
    long applied = checkDatabase();
    LogFiles.Extent log = LogFiles.check(current, Math.max(applied, snapshot));
    checkConnected(log, applied, snapshot);
    LOG.info(
        "data checked in {} ms: log {} to {}, registry at {}, snapshot at {}",
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started),
        log.first(),
        log.last(),
        applied,
        snapshot);
    return !log.isEmpty() || applied >= 0 || snapshot >= 0;
  }

  private static void checkVotes(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new DamagedException(file + " is missing, which held the votes of this node");
    }
    var votes = new Properties();
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      votes.load(reader);
      long unused = Long.parseLong(votes.getProperty("term", ""));
    } catch (IllegalArgumentException | CharacterCodingException e) {
      throw new DamagedException(file + " has lost the votes of this node", e);
    }
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

  /** Index of the newest snapshot; -1 without any. */
  private long checkSnapshots() throws IOException {
    Path directory = group.resolve("sm");
    long newest = -1;
    if (!Files.isDirectory(directory)) {
      return newest;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "snapshot.*")) {
      for (Path file : files) {
        Matcher name = SNAPSHOT.matcher(String.valueOf(file.getFileName()));
        if (name.matches() && checkSnapshot(file)) {
          newest = Math.max(newest, Long.parseLong(name.group(2)));
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
   * Applied index of the database; -1 without one, which is then made from the snapshot or the log.
   */
  private long checkDatabase() throws IOException {
    if (!Files.exists(database)) {
      return LogPosition.NONE.index();
    }
    try {
      if (RegistryDatabase.isBlank(database)) {
        if (laidOut) {
          throw new RegistryException(database + " has lost everything");
        }
        return LogPosition.NONE.index();
      }
      RegistryDatabase.verify(database);
      return RegistryDatabase.positionOf(database).index();
    } catch (RegistryException e) {
      throw new DamagedException("the registry is damaged: " + e.getMessage(), e);
    }
  }
}
