package dev.assetmanagerd.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The connections of this machine over which the kernel repeats something in vain.
 *
 * <p>TCP waits twice as long before each repetition, so a connection that was cut for ten seconds
 * may need ten more after the network is whole again; a new one is up at once. The kernel's table
 * says how often it has repeated (proc(5), {@code /proc/net/tcp}: field {@code retrnsmt}); where
 * there is no such table, as outside Linux, no connection counts as stuck. Thread-safe.
 */
final class StuckConnections {
  private static final List<Path> TABLES =
      List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));

  private static final String ESTABLISHED = "01";
  private static final String SYN_SENT = "02";

  /** 0.2, 0.4 and 0.8 s after the first attempt, at the least. */
  private static final int REPETITIONS_OF_DATA = 3;

  /** 1 and 3 s after the first attempt. */
  private static final int REPETITIONS_OF_SYN = 2;

  private static final int REMOTE = 2;
  private static final int STATE = 3;
  private static final int RETRANSMITS = 6;
  private static final int V4_HEX = 8;
  private static final int HEX = 16;
  private static final Pattern BLANKS = Pattern.compile("\\s+");

  private final List<Path> tables;

  StuckConnections() {
    this(TABLES);
  }

  /** For tests: with tables of their own. */
  StuckConnections(List<Path> tables) {
    this.tables = tables;
  }

  /**
   * The far ends of all that are stuck; empty when none is or the kernel does not say.
   *
   * @throws UncheckedIOException when a table is there and cannot be read
   */
  Set<InetSocketAddress> remotes() {
    Set<InetSocketAddress> stuck = new HashSet<>();
    for (Path table : tables) {
      try (Stream<String> lines = Files.lines(table, StandardCharsets.US_ASCII)) {
        lines.skip(1).map(line -> BLANKS.split(line.strip())).forEach(row -> add(row, stuck));
      } catch (NoSuchFileException none) {
        // no such system, or no IPv6
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return stuck;
  }

  private static void add(String[] row, Set<InetSocketAddress> stuck) {
    if (row.length > RETRANSMITS && isStuck(row[STATE], row[RETRANSMITS])) {
      stuck.add(address(row[REMOTE]));
    }
  }

  private static boolean isStuck(String state, String retransmits) {
    int repeated = Integer.parseUnsignedInt(retransmits, HEX);
    return (state.equals(ESTABLISHED) && repeated >= REPETITIONS_OF_DATA)
        || (state.equals(SYN_SENT) && repeated >= REPETITIONS_OF_SYN);
  }

  /** The kernel prints an address as words of four bytes in the machine's own order. */
  private static InetSocketAddress address(String hex) {
    int colon = hex.indexOf(':');
    ByteBuffer words = ByteBuffer.allocate(colon / 2);
    for (int at = 0; at < colon; at += V4_HEX) {
      int word = HexFormat.fromHexDigits(hex, at, at + V4_HEX);
      words.order(ByteOrder.nativeOrder()).putInt(word);
    }
    try {
      // An IPv4 address mapped into IPv6 comes out as IPv4.
      return new InetSocketAddress(
          InetAddress.getByAddress(words.array()), Integer.parseInt(hex.substring(colon + 1), HEX));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of the kernel's that is none: " + hex, e);
    }
  }
}
