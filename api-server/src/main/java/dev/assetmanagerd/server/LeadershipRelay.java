package dev.assetmanagerd.server;

import dev.assetmanagerd.raft.LeadershipListener;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Tells what hears of leadership, also what is only built once the node runs: a listener that comes
 * late is told first how things are. Thread-safe.
 */
final class LeadershipRelay implements LeadershipListener {
  private final List<LeadershipListener> listeners = new ArrayList<>();
  private OptionalLong leading = OptionalLong.empty();

  synchronized void add(LeadershipListener listener) {
    listeners.add(listener);
    leading.ifPresent(listener::onLeaderReady);
  }

  @Override
  public synchronized void onLeaderReady(long term) {
    leading = OptionalLong.of(term);
    listeners.forEach(listener -> listener.onLeaderReady(term));
  }

  @Override
  public synchronized void onLeadershipLost() {
    leading = OptionalLong.empty();
    listeners.forEach(LeadershipListener::onLeadershipLost);
  }
}
