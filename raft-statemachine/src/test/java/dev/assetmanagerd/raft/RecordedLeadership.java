package dev.assetmanagerd.raft;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What a {@link LeadershipListener} was told, in order. */
final class RecordedLeadership implements LeadershipListener {
  private final List<String> events = new CopyOnWriteArrayList<>();

  @Override
  public void onLeaderReady(long term) {
    events.add("ready");
  }

  @Override
  public void onLeadershipLost() {
    events.add("lost");
  }

  List<String> events() {
    return List.copyOf(events);
  }
}
