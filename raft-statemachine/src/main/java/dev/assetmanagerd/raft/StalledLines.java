package dev.assetmanagerd.raft;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has Raft's connections to other members made anew when they carry nothing.
 *
 * <p>Else the connections of all members may still wait for their next repetition when a network
 * that was cut is whole again, and a quorum that could talk does not; see {@link StuckConnections}.
 */
final class StalledLines {
  private static final Logger LOG = LoggerFactory.getLogger(StalledLines.class);

  private final BooleanSupplier silent;
  private final Supplier<List<PeerSpec>> others;
  private final Supplier<Set<InetSocketAddress>> stuck;
  private final Consumer<PeerSpec> reconnect;

  /** Answers of the resolver by host, for it may be as cut off as the members. */
  private final Map<String, InetAddress> resolved = new HashMap<>();

  private final AtomicBoolean looking = new AtomicBoolean();

  /**
   * @param silent whether some member has not been heard for a while; only then the rest is asked
   * @param others the other members
   * @param stuck far ends of connections that carry nothing
   * @param reconnect has the connection to a member made anew
   */
  StalledLines(
      BooleanSupplier silent,
      Supplier<List<PeerSpec>> others,
      Supplier<Set<InetSocketAddress>> stuck,
      Consumer<PeerSpec> reconnect) {
    this.silent = silent;
    this.others = others;
    this.stuck = stuck;
    this.reconnect = reconnect;
  }

  /** To be called about twice a second, on a thread that may wait for the resolver. */
  void look() {
    if (!silent.getAsBoolean() || !looking.compareAndSet(false, true)) {
      return;
    }
    try {
      Set<InetSocketAddress> ends = stuck.get();
      if (!ends.isEmpty()) {
        reconnectThose(ends);
      }
    } finally {
      looking.set(false);
    }
  }

  private void reconnectThose(Set<InetSocketAddress> ends) {
    for (PeerSpec peer : others.get()) {
      int colon = peer.raftAddress().lastIndexOf(':');
      int port = Integer.parseInt(peer.raftAddress().substring(colon + 1));
      InetAddress host = portIsAmong(ends, port) ? resolve(peer.raftAddress(), colon) : null;
      if (host != null && ends.contains(new InetSocketAddress(host, port))) {
        LOG.info("the connection to {} carries nothing; making a new one", peer.id());
        reconnect.accept(peer);
      }
    }
  }

  private static boolean portIsAmong(Collection<InetSocketAddress> ends, int port) {
    return ends.stream().anyMatch(end -> end.getPort() == port);
  }

  private @Nullable InetAddress resolve(String address, int colon) {
    String host = address.substring(0, colon);
    try {
      InetAddress found = InetAddress.getByName(host);
      resolved.put(host, found);
      return found;
    } catch (UnknownHostException e) {
      return resolved.get(host);
    }
  }
}
