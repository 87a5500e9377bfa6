package dev.assetmanagerd.raft;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.raftlog.segmented.LogSegment;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedOutputStream;
import org.apache.ratis.util.SizeInBytes;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads Ratis's log files from end to end, before Ratis does.
 *
 * <p>Ratis checks the sums of its entries, too, but takes a last segment that is missing or cut off
 * for one whose end had not reached the disk when the power failed, and goes on without it. So it
 * does not notice that entries are gone which this node has acknowledged.
 */
final class LogFiles {
  private static final Logger LOG = LoggerFactory.getLogger(LogFiles.class);

  /** Of a segment, before its first entry. */
  private static final long HEADER_BYTES = 8;

  private static final Pattern NAME = Pattern.compile("log_(?:(\\d+)-(\\d+)|inprogress_(\\d+))");
  private static final SizeInBytes ENTRY_MAX = SizeInBytes.valueOf(RatisConfig.ENTRY_BYTES_MAX);

  /**
   * Which entries the log has.
   *
   * @param first index of the first
   * @param last index of the last; below {@code first} when there is none
   * @param lastTerm of the last; -1 when there is none
   * @param members the last entry up to {@code applied} that says who the members are; null for
   *     none
   */
  record Extent(long first, long last, long lastTerm, @Nullable LogEntryProto members) {
    boolean isEmpty() {
      return last < first;
    }
  }

  private record Segment(Path path, long first, long last) {
    boolean open() {
      return last < 0;
    }
  }

  private final Path current;
  private final long applied;

  /** Of the segment that is read: index of its last entry, one below its first without any. */
  private long last = -1;

  /** Of the segment that is read: where its last entry ends. */
  private long end;

  private long lastTerm = -1;
  private @Nullable LogEntryProto members;

  private LogFiles(Path current, long applied) {
    this.current = current;
    this.applied = applied;
  }

  /**
   * @param current the directory that Ratis keeps its log in
   * @param applied entries up to here were once read from this log; they are never taken for ones
   *     that were being written
   * @throws DamagedException when an entry cannot be read, or some are missing in between
   */
  static Extent check(Path current, long applied) throws IOException {
    return new LogFiles(current, applied).check();
  }

  private Extent check() throws IOException {
    long first = 0;
    List<Segment> segments = segments();
    for (int i = 0; i < segments.size(); i++) {
      Segment segment = segments.get(i);
      if (last < first) {
        first = segment.first();
      } else if (segment.first() != last + 1) {
        throw new DamagedException(
            "entries %d to %d of the Raft log in %s are missing"
                .formatted(last + 1, segment.first() - 1, current));
      }
      boolean newest = i == segments.size() - 1;
      read(segment, newest);
      if (!segment.open() && last != segment.last()) {
        throw new DamagedException(
            "%s ends with entry %d instead of %d".formatted(segment.path(), last, segment.last()));
      }
      if (segment.open()) {
        // Ratis takes what it reads for flushed, and acknowledges it; written it may only be.
        FilesDurable.syncFile(segment.path());
        if (!newest && last >= segment.first()) {
          finish(segment, segments.get(i + 1));
        }
      }
    }
    FilesDurable.syncDirectory(current);
    return new Extent(first, last, lastTerm, members);
  }

  /**
   * Ratis finishes a segment by giving it another name, does not sync that, and begins the next.
   * Where a power cut took the name back there are two that are being written, with which Ratis
   * does not start. When the first is whole, and the second goes on where it ends, that is what has
   * happened.
   */
  private void finish(Segment segment, Segment next) throws IOException {
    if (next.first() != last + 1) {
      throw new DamagedException(
          "%s is unfinished and ends with entry %d, and %s begins with %d: what lies between is lost"
              .formatted(segment.path(), last, next.path(), next.first()));
    }
    Path finished = current.resolve("log_%d-%d".formatted(segment.first(), last));
    LOG.warn("{} is whole, and finished as {}", segment.path(), finished);
    try (FileChannel file = FileChannel.open(segment.path(), StandardOpenOption.WRITE)) {
      file.truncate(end); // zeros that Ratis writes ahead
      file.force(true);
    }
    FilesDurable.move(segment.path(), finished);
  }

  private List<Segment> segments() throws IOException {
    List<Segment> segments = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(current, "log_*")) {
      for (Path file : files) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (name.matches()) {
          segments.add(
              name.group(3) != null
                  ? new Segment(file, Long.parseLong(name.group(3)), -1)
                  : new Segment(
                      file, Long.parseLong(name.group(1)), Long.parseLong(name.group(2))));
        }
      }
    }
    segments.sort(Comparator.comparingLong(Segment::first));
    return segments;
  }

  private void read(Segment segment, boolean newest) throws IOException {
    last = segment.first() - 1;
    end = HEADER_BYTES;
    if (Files.size(segment.path()) == 0) {
      return;
    }
    LogSegmentPath path = LogSegmentPath.matchLogSegment(segment.path());
    try {
      int unused =
          LogSegment.readSegmentFile(
              segment.path().toFile(),
              path.getStartEnd(),
              ENTRY_MAX,
              CorruptionPolicy.EXCEPTION,
              null,
              this::note);
    } catch (IOException | RuntimeException e) {
      boolean mayBeTorn = newest && segment.open() && last >= applied;
      if (!mayBeTorn || !TornTail.cutOff(segment.path(), end)) {
        throw new DamagedException(
            "%s cannot be read behind entry %d: %s".formatted(segment.path(), last, e.getMessage()),
            e);
      }
      LOG.warn(
          "{}: what follows entry {} was being written when the power failed; it was never"
              + " acknowledged, and is cut off",
          segment.path(),
          last);
    }
  }

  private void note(LogEntryProto entry) {
    last = entry.getIndex();
    lastTerm = entry.getTerm();
    end += bytes(entry);
    if (entry.hasConfigurationEntry() && last <= applied) {
      members = entry;
    }
  }

  /** A length, the entry, and its sum. */
  private static long bytes(LogEntryProto entry) {
    int bytes = entry.getSerializedSize();
    return CodedOutputStream.computeUInt32SizeNoTag(bytes) + (long) bytes + Integer.BYTES;
  }
}
