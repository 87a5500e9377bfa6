package dev.assetmanagerd.clustertests.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("cluster")
class NamespacesTest {
  private Namespaces network;
  private Host a;
  private Host b;

  @BeforeEach
  void create() {
    assumeThat(Namespaces.missing()).as("what this machine lacks").isEmpty();
    network = Namespaces.create();
    a = network.newHost("a");
    b = network.newHost("b");
  }

  @AfterEach
  void close() {
    if (network != null) {
      network.close();
    }
  }

  @Test
  void hostsReachOneAnotherUntilTheyAreParted() throws Exception {
    assertThat(reaches(a, b)).isTrue();
    network.part(List.of("a"), List.of("b"));
    assertThat(reaches(a, b)).isFalse();
    assertThat(reaches(b, a)).isFalse();
    assertThat(answersUs(a)).as("clients are not parted from a host").isTrue();
    network.heal();
    assertThat(reaches(a, b)).isTrue();
  }

  @Test
  void aLinkCanBeCutOneWay() throws Exception {
    network.cut("a", "b");
    long before = received(a);
    assertThat(reaches(b, a)).as("the answer does not arrive").isFalse();
    assertThat(received(a)).as("packets that a got").isGreaterThan(before);
  }

  @Test
  void packetsGetLost() throws Exception {
    network.lose("a", 99);
    assertThat(reaches(a, b)).isFalse();
    assertThat(answersUs(a)).isTrue();
  }

  @Test
  void nothingIsLeftBehind() throws Exception {
    network.close();
    String space = a.enter().get(3);
    String prefix = space.substring(0, space.indexOf('-'));
    assertThat(Shell.run("ip netns list")).doesNotContain(prefix);
    assertThat(Shell.run("ip -o link")).doesNotContain(prefix);
  }

  /** Nobody listens, so whoever is reached refuses at once. */
  private static boolean reaches(Host from, Host to) throws IOException, InterruptedException {
    return refused(from.enter(), to);
  }

  private static boolean answersUs(Host host) throws IOException, InterruptedException {
    return refused(List.of(), host);
  }

  private static boolean refused(List<String> enter, Host to)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(enter);
    command.addAll(List.of("timeout", "2", "bash", "-c", ": </dev/tcp/" + to.address() + "/9"));
    int exit =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
    assertThat(exit).as("1 = refused, 124 = no answer").isIn(1, 124);
    return exit == 1;
  }

  private static long received(Host host) {
    List<String> command = new ArrayList<>(host.enter());
    command.addAll(List.of("cat", "/sys/class/net/e0/statistics/rx_packets"));
    return Long.parseLong(Shell.input("", command).strip());
  }
}
