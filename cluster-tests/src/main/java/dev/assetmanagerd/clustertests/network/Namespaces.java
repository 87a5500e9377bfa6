package dev.assetmanagerd.clustertests.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Each host is a network namespace with one interface, plugged into a bridge, and so is this
 * process. What a host sends to another one passes the bridge, where it can be dropped; what this
 * process sends, as a client of all hosts, is never dropped.
 *
 * <p>Needs root, {@code ip} and {@code nft}. Every network has a subnet and names of its own, so
 * several can be there at once. Those of processes that are gone are taken away by the next one.
 *
 * <p>Thread-safe.
 */
public final class Namespaces implements Network {
  private static final int API_PORT = 8083;
  private static final int RAFT_PORT = 9083;
  private static final int METRICS_PORT = 9464;
  private static final int SELF = 254;
  private static final int HOSTS_MAX = 100;

  /**
   * Dropping is by the ports of the bridge. Connections that are cut are not told so: nobody
   * answers, as when a cable is pulled.
   */
  private static final String TABLE =
      """
      table bridge faults {
        set cut { type ifname . ifname; }
        chain links {
          type filter hook forward priority 0; policy accept;
          iifname . oifname @cut counter drop
          jump lossy
        }
        chain lossy { }
      }
      """;

  private final String prefix;
  private final String subnet;
  private final Map<String, Integer> numbers = new LinkedHashMap<>();

  private Namespaces(String prefix, String subnet) {
    this.prefix = prefix;
    this.subnet = subnet;
  }

  /** Why there can be none on this machine; empty where there can. */
  public static Optional<String> missing() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return Optional.of("network namespaces take root");
    }
    return Stream.of("ip", "nft")
        .filter(tool -> !onPath(tool))
        .findFirst()
        .map(tool -> "no " + tool)
        .or(Namespaces::refused);
  }

  /** Root in a container may not be allowed to. */
  private static Optional<String> refused() {
    try {
      create().close();
      return Optional.empty();
    } catch (RuntimeException e) {
      return Optional.of("network namespaces cannot be made: " + e.getMessage());
    }
  }

  private static boolean onPath(String tool) {
    return Stream.of(Optional.ofNullable(System.getenv("PATH")).orElse("").split(":"))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
  }

  /** A network without hosts. */
  public static Namespaces create() {
    takeAwayOld();
    String prefix = OwnedNames.next();
    var network = new Namespaces(prefix, freeSubnet(prefix.hashCode()));
    try {
      network.plugIn();
      return network;
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  private static String freeSubnet(long seed) {
    String taken = Shell.run("ip -4 -o addr");
    for (int attempt = 0; attempt < 1000; attempt++) {
      long n = Math.floorMod(seed + attempt, 64L * 256);
      String subnet = String.format(Locale.ROOT, "10.%d.%d.", 128 + n / 256, n % 256);
      if (!taken.contains(" " + subnet)) {
        return subnet;
      }
    }
    throw new IllegalStateException("no free subnet:\n" + taken);
  }

  private void plugIn() {
    var unused = Shell.run("ip netns add %s".formatted(bridge()));
    unused =
        Shell.run(
            "ip -n %s link add br0 type bridge forward_delay 0 stp_state 0".formatted(bridge()));
    unused = Shell.run("ip -n %s link set br0 up".formatted(bridge()));
    unused =
        Shell.run("ip link add %s type veth peer name self netns %s".formatted(prefix, bridge()));
    unused = Shell.run("ip -n %s link set self master br0 up".formatted(bridge()));
    unused = Shell.run("ip addr add %s%d/24 dev %s".formatted(subnet, SELF, prefix));
    unused = Shell.run("ip link set %s up".formatted(prefix));
    nft(TABLE);
  }

  @Override
  public synchronized Host newHost(String name) {
    int number = numbers.size() + 1;
    if (number > HOSTS_MAX || numbers.containsKey(name)) {
      throw new IllegalArgumentException(name + " is one host too many");
    }
    numbers.put(name, number);
    String space = prefix + "-" + number;
    String address = subnet + number;
    var unused = Shell.run("ip netns add %s".formatted(space));
    unused =
        Shell.run(
            "ip link add e0 netns %s type veth peer name %s netns %s"
                .formatted(space, port(name), bridge()));
    unused = Shell.run("ip -n %s link set %s master br0 up".formatted(bridge(), port(name)));
    unused = Shell.run("ip -n %s link set lo up".formatted(space));
    unused = Shell.run("ip -n %s addr add %s/24 dev e0".formatted(space, address));
    unused = Shell.run("ip -n %s link set e0 up".formatted(space));
    return new Host(
        name,
        address,
        address,
        API_PORT,
        RAFT_PORT,
        METRICS_PORT,
        List.of("ip", "netns", "exec", space));
  }

  /** Nothing that one host sends reaches the other; the way back stays as it is. */
  public void cut(String from, String to) {
    nft("add element bridge faults cut { \"%s\" . \"%s\" }".formatted(port(from), port(to)));
  }

  /** Nothing that any of some hosts sends reaches any of the others, and the reverse. */
  public void part(Collection<String> some, Collection<String> others) {
    List<String> links = new ArrayList<>();
    for (String one : some) {
      for (String other : others) {
        links.add(String.format(Locale.ROOT, "\"%s\" . \"%s\"", port(one), port(other)));
        links.add(String.format(Locale.ROOT, "\"%s\" . \"%s\"", port(other), port(one)));
      }
    }
    nft("add element bridge faults cut { %s }".formatted(String.join(", ", links)));
  }

  /**
   * Of what a host sends to other hosts, and they to it, some packets are lost. What this process
   * sends and gets is not.
   *
   * @param percent 1 to 99
   */
  public void lose(String host, int percent) {
    for (String side : List.of("iifname", "oifname")) {
      nft(
          ("add rule bridge faults lossy %s \"%s\" iifname != \"self\" oifname != \"self\" numgen"
                  + " random mod 100 < %d counter drop")
              .formatted(side, port(host), percent));
    }
  }

  /** All links are whole again. */
  public void heal() {
    nft("flush set bridge faults cut\nflush chain bridge faults lossy");
  }

  private synchronized String port(String host) {
    Integer number = numbers.get(host);
    if (number == null) {
      throw new IllegalArgumentException("no host " + host);
    }
    return "p" + number;
  }

  private String bridge() {
    return prefix + "-sw";
  }

  private void nft(String script) {
    var unused = Shell.input(script, List.of("ip", "netns", "exec", bridge(), "nft", "-f", "-"));
  }

  @Override
  public synchronized void close() {
    numbers
        .values()
        .forEach(number -> Shell.tryRun("ip netns del %s-%d".formatted(prefix, number)));
    Shell.tryRun("ip link del %s".formatted(prefix));
    Shell.tryRun("ip netns del %s".formatted(bridge()));
  }

  /** What processes that were killed have left behind. */
  private static void takeAwayOld() {
    try (Stream<Path> spaces = Files.list(Path.of("/run/netns"))) {
      spaces
          .map(path -> path.getFileName().toString())
          .filter(OwnedNames::isStale)
          .map(name -> name.replaceFirst("-.*", ""))
          .distinct()
          .toList()
          .forEach(Namespaces::takeAway);
    } catch (IOException none) {
      // Then there are no namespaces.
    }
  }

  private static void takeAway(String prefix) {
    for (int number = 1; number <= HOSTS_MAX; number++) {
      if (Files.exists(Path.of("/run/netns", prefix + "-" + number))) {
        Shell.tryRun("ip netns del %s-%d".formatted(prefix, number));
      }
    }
    Shell.tryRun("ip link del %s".formatted(prefix));
    Shell.tryRun("ip netns del %s-sw".formatted(prefix));
  }
}
