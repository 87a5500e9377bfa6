package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class StalledLinesTest {
  private static final PeerSpec B = new PeerSpec("b", "10.0.0.2:9101", "10.0.0.2:8081");
  private static final PeerSpec C = new PeerSpec("c", "10.0.0.3:9101", "10.0.0.3:8081");

  private final List<String> reconnected = new ArrayList<>();

  @Test
  void theMemberAtTheFarEndOfAStuckConnectionIsConnectedAnewAndNoOther() {
    new StalledLines(() -> true, () -> List.of(B, C), () -> third(9101), this::note).look();
    assertThat(reconnected).containsExactly("c");
  }

  @Test
  void connectionsToOtherPortsOfItsHostAreNoneOfRafts() {
    new StalledLines(() -> true, () -> List.of(B, C), () -> third(8081), this::note).look();
    assertThat(reconnected).isEmpty();
  }

  @Test
  void theKernelIsNotAskedWhileAllAreHeard() {
    new StalledLines(
            () -> false,
            () -> List.of(B, C),
            () -> {
              throw new AssertionError("asked");
            },
            this::note)
        .look();
    assertThat(reconnected).isEmpty();
  }

  @Test
  void looksAgainAfterAFailure() throws Exception {
    List<Set<InetSocketAddress>> answers = new ArrayList<>();
    var lines = new StalledLines(() -> true, () -> List.of(B), () -> answers.remove(0), this::note);
    assertThatThrownBy(lines::look).isInstanceOf(IndexOutOfBoundsException.class);
    answers.add(Set.of(end(2, 9101)));
    lines.look();
    assertThat(reconnected).containsExactly("b");
  }

  private static Set<InetSocketAddress> third(int port) {
    try {
      return Set.of(end(3, port));
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  private void note(PeerSpec peer) {
    reconnected.add(peer.id());
  }

  private static InetSocketAddress end(int last, int port) throws UnknownHostException {
    return new InetSocketAddress(
        InetAddress.getByAddress(new byte[] {10, 0, 0, (byte) last}), port);
  }
}
