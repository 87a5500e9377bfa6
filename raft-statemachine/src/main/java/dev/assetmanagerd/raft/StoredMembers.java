package dev.assetmanagerd.raft;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file in which Ratis keeps who the members are, for when the log no longer tells: {@code
 * raft-meta.conf}. Where it is missing or cannot be read, Ratis goes on with the members that the
 * node is configured with, which may be ones of long ago; and where it cannot be written, Ratis
 * leaves what it has written of it.
 */
final class StoredMembers {
  private static final Logger LOG = LoggerFactory.getLogger(StoredMembers.class);

  private static final String FILE = "raft-meta.conf";

  private final Path file;

  /**
   * @param current Ratis's directory for votes and log
   */
  StoredMembers(Path current) {
    this.file = current.resolve(FILE);
  }

  @Override
  public String toString() {
    return file.toString();
  }

  boolean exists() {
    return Files.exists(file);
  }

  /** What is in the file; empty where it is missing, or is no configuration. */
  Optional<LogEntryProto> read() throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return Optional.of(LogEntryProto.parseFrom(in))
          .filter(entry -> entry.getConfigurationEntry().getPeersCount() > 0);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (InvalidProtocolBufferException e) {
      LOG.debug("{} cannot be read", file, e);
      return Optional.empty();
    }
  }

  /**
   * Makes durable what Ratis has just written, or should have. What is of a later entry stays: it
   * came with a snapshot.
   *
   * @throws IOException when it cannot be; the log must not be purged then
   */
  synchronized void keep(long term, long index, RaftConfigurationProto members) throws IOException {
    Optional<LogEntryProto> found = read();
    if (found
        .filter(entry -> entry.getIndex() > index || isThat(entry, index, members))
        .isEmpty()) {
      LOG.warn("{} was not written as it should be, and is written again", file);
      write(
          LogEntryProto.newBuilder()
              .setTerm(term)
              .setIndex(index)
              .setConfigurationEntry(members)
              .build());
    } else {
      FilesDurable.syncDirectory(FilesDurable.directoryOf(file));
    }
  }

  private static boolean isThat(LogEntryProto found, long index, RaftConfigurationProto members) {
    return found.getIndex() == index && found.getConfigurationEntry().equals(members);
  }

  /** Durable when this returns. */
  void write(LogEntryProto members) throws IOException {
    FilesDurable.write(file, members.toByteArray());
  }

  /** Removes what cannot be read; where nothing is, nothing happens. */
  void delete() throws IOException {
    if (Files.deleteIfExists(file)) {
      LOG.warn("{} could not be read, and is not needed: removed", file);
    }
  }
}
