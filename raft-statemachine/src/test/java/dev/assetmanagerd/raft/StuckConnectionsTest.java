package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** Rows as Linux on x86 and arm prints them. */
@EnabledIf("littleEndian")
final class StuckConnectionsTest {
  private static final String HEAD =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
          + " inode\n";

  @TempDir Path directory;

  @Test
  void aConnectionThatRepeatsInVainIsStuck() throws Exception {
    assertThat(remotes(row("0200000A:238D", "01", 3)))
        .containsExactly(end(new byte[] {10, 0, 0, 2}, 9101));
  }

  @Test
  void oneThatRepeatsNowAndThenIsNot() throws Exception {
    assertThat(remotes(row("0200000A:238D", "01", 2))).isEmpty();
    assertThat(remotes(row("0200000A:238D", "02", 1))).isEmpty();
  }

  @Test
  void oneThatCannotBeMadeIsStuck() throws Exception {
    assertThat(remotes(row("0200000A:238D", "02", 2))).hasSize(1);
  }

  @Test
  void oneThatIsBeingClosedIsNobodysConcern() throws Exception {
    assertThat(remotes(row("0200000A:238D", "04", 9))).isEmpty();
  }

  @Test
  void anIpv4AddressMappedIntoIpv6IsAnIpv4Address() throws Exception {
    assertThat(remotes(row("0000000000000000FFFF00000200000A:238D", "01", 10)))
        .containsExactly(end(new byte[] {10, 0, 0, 2}, 9101));
  }

  @Test
  void ipv6AddressesAreRead() throws Exception {
    byte[] address = new byte[16];
    address[0] = (byte) 0xfd;
    address[15] = 7;
    assertThat(remotes(row("000000FD000000000000000007000000:238D", "01", 3)))
        .containsExactly(end(address, 9101));
  }

  @Test
  void withoutTablesNothingIsStuck() {
    assertThat(new StuckConnections(List.of(directory.resolve("none"))).remotes()).isEmpty();
  }

  @Test
  void thisMachinesOwnTablesCanBeRead() {
    assertThat(new StuckConnections().remotes()).isNotNull();
  }

  private java.util.Set<InetSocketAddress> remotes(String row) throws Exception {
    Path table = Files.writeString(directory.resolve("tcp"), HEAD + row);
    return new StuckConnections(List.of(table)).remotes();
  }

  private static String row(String remote, String state, int repeated) {
    return "   4: 0100000A:9C40 %s %s 00000042:00000000 01:00000123 %08X     0        0 123456 2 x\n"
        .formatted(remote, state, repeated);
  }

  private static InetSocketAddress end(byte[] address, int port) throws Exception {
    return new InetSocketAddress(InetAddress.getByAddress(address), port);
  }

  static boolean littleEndian() {
    return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
  }
}
