package dev.assetmanagerd.server;

import dev.assetmanagerd.cluster.ClusterLeave;
import dev.assetmanagerd.cluster.ClusterLeave.Standing;
import dev.assetmanagerd.config.ClusterMember;
import dev.assetmanagerd.config.HostPort;
import dev.assetmanagerd.config.JoinAs;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.raft.NodeData;
import dev.assetmanagerd.tls.ChannelSecurity;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Brings a node that has lost its data, or must not use them, to where it can come back from the
 * others'.
 *
 * <p>The order is what makes it safe: the node's membership ends, by the majority of the old and of
 * the remaining members, before it begins anew without the votes and entries that it once vouched
 * for. Each step can be repeated when it was interrupted; until the last one is done, the node does
 * not start.
 */
final class NodeRebuild {
  private static final String ASIDE = "set-aside-";

  /** What fails twice within that has another reason than chance. */
  private static final Duration AGAIN = Duration.ofHours(24);

  private static final Duration SILENCE_MIN = Duration.ofSeconds(3);

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private final NodeConfig config;
  private final ChannelSecurity security;
  private final Clock clock;
  private final Consumer<String> say;

  /**
   * @param security of the connections to the others
   * @param clock names what is set aside
   * @param say told what has been done, a sentence each
   */
  NodeRebuild(NodeConfig config, ChannelSecurity security, Clock clock, Consumer<String> say) {
    this.config = config;
    this.security = security;
    this.clock = clock;
    this.say = say;
  }

  /**
   * Does it. The caller holds the lock of the data directory.
   *
   * @param more APIs of members to ask, beside those that are configured
   * @param wanted what the node is to be; empty: what it was
   * @throws IOException when it cannot be done, with the reason
   */
  void run(List<HostPort> more, Optional<JoinAs> wanted) throws IOException {
    Path directory = config.cluster().dataDirectory();
    ClusterLeave cluster =
        new ClusterLeave(
            addresses(more), config.cluster().clusterId(), config.cluster().nodeId(), security);
    Standing standing = cluster.standing();
    if (standing.otherVoters() == 0) {
      throw new IOException(
          "there is no other voting member to come back from; restore a backup instead");
    }
    if (standing.voter().isPresent()) {
      cluster.requireSilent(silence());
    }
    new ComeBack(role(standing, wanted), standing.others().stream().map(HostPort::parse).toList())
        .write(directory);
    if (standing.voter().isPresent()) {
      cluster.leave();
      say.accept("the cluster goes on without %s".formatted(config.cluster().nodeId()));
    } else {
      say.accept("%s is no member of the cluster".formatted(config.cluster().nodeId()));
    }
    setAside(directory);
    say.accept("started again, the node joins and catches up");
  }

  /**
   * Does it where a running node has noted that its data must not be used, and it may.
   *
   * @throws IOException when it may not, or cannot be done, with the reason
   */
  void runIfNoted() throws IOException {
    Path directory = config.cluster().dataDirectory();
    Optional<String> damage = new NodeData(directory).notedDamage();
    if (damage.isEmpty() || !config.cluster().join().rebuild()) {
      return; // the start says what it finds
    }
    Optional<Instant> last = last(directory);
    boolean begun = noted().isPresent();
    if (!begun && last.filter(clock.instant().minus(AGAIN)::isBefore).isPresent()) {
      throw new IOException(
          "%s; this node was rebuilt at %s and is not rebuilt again by itself: suspect its disk and memory, then run \"assetmanagerd node rebuild\""
              .formatted(damage.get(), last.get()));
    }
    say.accept("this node is rebuilt from the others, because " + damage.get());
    try {
      run(List.of(), Optional.empty());
    } catch (IOException e) {
      throw new IOException(
          "%s; it was not rebuilt by itself: %s".formatted(damage.get(), e.getMessage()), e);
    }
  }

  /** A node that runs is heard several times within that. */
  private Duration silence() {
    Duration elections = config.cluster().electionTimeoutMax().multipliedBy(2);
    return elections.compareTo(SILENCE_MIN) > 0 ? elections : SILENCE_MIN;
  }

  /** When data were last set aside here; empty when never. */
  private static Optional<Instant> last(Path dataDirectory) throws IOException {
    if (!Files.isDirectory(dataDirectory)) {
      return Optional.empty();
    }
    Optional<Instant> last = Optional.empty();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(dataDirectory, ASIDE + "*")) {
      for (Path directory : found) {
        Optional<Instant> at = timeOf(directory);
        if (last.isEmpty() || at.filter(last.get()::isBefore).isPresent()) {
          last = at;
        }
      }
    }
    return last;
  }

  /** Empty for a directory that somebody else has made. */
  private static Optional<Instant> timeOf(Path directory) {
    String time = String.valueOf(directory.getFileName()).substring(ASIDE.length());
    try {
      return Optional.of(TIME.parse(time, Instant::from));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private JoinAs role(Standing standing, Optional<JoinAs> wanted) throws IOException {
    Optional<JoinAs> was =
        standing
            .voter()
            .map(voter -> voter ? JoinAs.VOTER : JoinAs.LISTENER)
            .or(() -> noted().map(ComeBack::as));
    return wanted
        .or(() -> was)
        .orElseThrow(
            () ->
                new IOException(
                    "the cluster has no member %s, so nobody knows what it was; say --as voter, or --as listener"
                        .formatted(config.cluster().nodeId())));
  }

  /** What an interrupted rebuild has noted; none when that cannot be read. */
  private Optional<ComeBack> noted() {
    try {
      return ComeBack.find(config.cluster().dataDirectory());
    } catch (IOException e) {
      say.accept(String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private List<String> addresses(List<HostPort> more) {
    List<HostPort> addresses = new ArrayList<>(more);
    addresses.addAll(config.cluster().join().members());
    noted().map(ComeBack::members).ifPresent(addresses::addAll);
    Stream<HostPort> founders =
        config.cluster().members().stream()
            .filter(member -> !member.id().equals(config.cluster().nodeId()))
            .map(ClusterMember::api);
    founders.forEach(addresses::add);
    return addresses.stream().map(HostPort::toString).distinct().toList();
  }

  private void setAside(Path directory) throws IOException {
    NodeData data = new NodeData(directory);
    if (data.isEmpty()) {
      say.accept("there are no data in %s".formatted(directory));
      return;
    }
    String aside = ASIDE + TIME.format(clock.instant());
    data.setAside(aside);
    data.forget(ASIDE, aside);
    say.accept("the former data are in %s".formatted(directory.resolve(aside)));
  }
}
