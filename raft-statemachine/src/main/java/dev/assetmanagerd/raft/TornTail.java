package dev.assetmanagerd.raft;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What a power cut leaves of entries that were being written: Ratis writes into a file that is
 * filled with zeros ahead, and of what was not flushed yet some sectors arrive on the disk and
 * others stay zeros. Such entries were never acknowledged and may go. An entry that is there to its
 * end, but wrong, is damage.
 */
final class TornTail {
  private static final int SECTOR = 512;

  /** Fewer zeros at the edge of a sector may be what was written. */
  private static final int ZEROS_MIN = 8;

  private final byte[] tail;
  private final long at;

  private TornTail(byte[] tail, long at) {
    this.tail = tail;
    this.at = at;
  }

  /**
   * Cuts off what follows the last good entry, if that is what a power cut leaves.
   *
   * @param at where the last good entry ends
   * @return whether it was cut off; the file is unchanged otherwise
   */
  static boolean cutOff(Path segment, long at) throws IOException {
    try (FileChannel file =
        FileChannel.open(segment, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      if (!new TornTail(read(file, at), at).hasSectorOfZeros()) {
        return false;
      }
      file.truncate(at);
      file.force(true);
      return true;
    }
  }

  /** From there as far as one entry can reach. */
  private static byte[] read(FileChannel file, long at) throws IOException {
    long bytes = Math.min(file.size() - at, RatisConfig.ENTRY_BYTES_MAX + 2L * SECTOR);
    ByteBuffer tail = ByteBuffer.allocate((int) bytes);
    while (tail.hasRemaining()) {
      if (file.read(tail, at + tail.position()) < 0) {
        throw new EOFException("the file shrank");
      }
    }
    return tail.array();
  }

  private boolean hasSectorOfZeros() {
    int end = endOfEntry();
    for (int from = 0; from < end; ) {
      int to = (int) Math.min(end, from + SECTOR - (at + from) % SECTOR);
      if (to - from >= ZEROS_MIN && zeros(from, to)) {
        return true;
      }
      from = to;
    }
    return false;
  }

  /** As its length says, or where anything was written at all. */
  private int endOfEntry() {
    long length = 0;
    for (int i = 0; i < Math.min(5, tail.length); i++) {
      length |= (long) (tail[i] & 0x7f) << (7 * i);
      if (tail[i] >= 0) {
        long end = i + 1 + length + Integer.BYTES;
        return length > 0 && end <= tail.length ? (int) end : written();
      }
    }
    return written();
  }

  private int written() {
    int end = tail.length;
    while (end > 0 && tail[end - 1] == 0) {
      end--;
    }
    return end;
  }

  private boolean zeros(int from, int to) {
    for (int i = from; i < to; i++) {
      if (tail[i] != 0) {
        return false;
      }
    }
    return true;
  }
}
