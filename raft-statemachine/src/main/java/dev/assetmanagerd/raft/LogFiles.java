package dev.assetmanagerd.raft;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.raftlog.segmented.LogSegment;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedOutputStream;
import org.apache.ratis.util.SizeInBytes;
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
   */
  record Extent(long first, long last) {
    boolean isEmpty() {
      return last < first;
    }
  }

  private record Segment(Path path, long first, long last) {
    boolean open() {
      return last < 0;
    }
  }

  private LogFiles() {}

  /**
   * @param current the directory that Ratis keeps its log in
   * @param applied entries up to here were once read from this log; they are never taken for ones
   *     that were being written
   * @throws DamagedException when an entry cannot be read, or some are missing in between
   */
  static Extent check(Path current, long applied) throws IOException {
    long first = 0;
    long last = -1;
    for (Segment segment : segments(current)) {
      if (last < first) {
        first = segment.first();
      } else if (segment.first() != last + 1) {
        throw new DamagedException(
            "entries %d to %d of the Raft log in %s are missing"
                .formatted(last + 1, segment.first() - 1, current));
      }
      last = read(segment, applied);
      if (segment.open()) {
        // Ratis takes what it reads for flushed, and acknowledges it; written it may only be.
        FilesDurable.syncFile(segment.path());
      }
      if (!segment.open() && last != segment.last()) {
        throw new DamagedException(
            "%s ends with entry %d instead of %d".formatted(segment.path(), last, segment.last()));
      }
    }
    FilesDurable.syncDirectory(current);
    return new Extent(first, last);
  }

  private static List<Segment> segments(Path current) throws IOException {
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

  /** Index of the last entry of a segment; one below its first when there is none. */
  private static long read(Segment segment, long applied) throws IOException {
    if (Files.size(segment.path()) == 0) {
      return segment.first() - 1;
    }
    var last = new AtomicLong(segment.first() - 1);
    var end = new AtomicLong(HEADER_BYTES);
    LogSegmentPath path = LogSegmentPath.matchLogSegment(segment.path());
    try {
      int unused =
          LogSegment.readSegmentFile(
              segment.path().toFile(),
              path.getStartEnd(),
              ENTRY_MAX,
              CorruptionPolicy.EXCEPTION,
              null,
              entry -> {
                last.set(entry.getIndex());
                end.addAndGet(bytes(entry));
              });
    } catch (IOException | RuntimeException e) {
      boolean mayBeTorn = segment.open() && last.get() >= applied;
      if (!mayBeTorn || !TornTail.cutOff(segment.path(), end.get())) {
        throw new DamagedException(
            "%s cannot be read behind entry %d: %s"
                .formatted(segment.path(), last.get(), e.getMessage()),
            e);
      }
      LOG.warn(
          "{}: what follows entry {} was being written when the power failed; it was never"
              + " acknowledged, and is cut off",
          segment.path(),
          last.get());
    }
    return last.get();
  }

  /** A length, the entry, and its sum. */
  private static long bytes(LogEntryProto entry) {
    int bytes = entry.getSerializedSize();
    return CodedOutputStream.computeUInt32SizeNoTag(bytes) + (long) bytes + Integer.BYTES;
  }
}
