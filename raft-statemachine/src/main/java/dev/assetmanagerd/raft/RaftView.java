package dev.assetmanagerd.raft;

import java.util.Locale;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;

/** What Ratis currently believes, in the node's own words. Thread-safe; nothing blocks. */
final class RaftView {
  private final RaftServer.Division division;
  private final String self;

  RaftView(RaftServer.Division division) {
    this.division = division;
    this.self = division.getId().toString();
  }

  String self() {
    return self;
  }

  RaftPeerId selfId() {
    return division.getId();
  }

  boolean leading() {
    return info().isLeader();
  }

  /** Leads, and has committed an entry of its own term. */
  boolean leadingReady() {
    return info().isLeader() && info().isLeaderReady();
  }

  /** Who leads; null while it is not known. */
  @Nullable String leaderId() {
    if (info().isLeader()) {
      return self;
    }
    RaftPeerId leader = info().getLeaderId();
    return leader == null || leader.equals(division.getId()) ? null : leader.toString();
  }

  long term() {
    return info().getCurrentTerm();
  }

  long commitIndex() {
    return division.getRaftLog().getLastCommittedIndex();
  }

  RaftConfiguration members() {
    return division.getRaftConf();
  }

  /** The last entry of this node's log, committed or not; -1 when it is empty. */
  long lastIndex() {
    return division.getRaftLog().getNextIndex() - 1;
  }

  /** leader, follower, candidate or listener. */
  String role() {
    return info().getCurrentRole().name().toLowerCase(Locale.ROOT);
  }

  LifeCycle.State lifeCycle() {
    return info().getLifeCycleState();
  }

  /** Milliseconds since a follower last heard from its leader; -1 when this is no such follower. */
  long millisSinceLeader() {
    if (info().isLeader() || leaderId() == null) {
      return -1;
    }
    var role = info().getRoleInfoProto();
    return role.hasFollowerInfo()
        ? role.getFollowerInfo().getLeaderInfo().getLastRpcElapsedTimeMs()
        : -1;
  }

  /** Whether a leader misses the answers of some member, or another member its leader. */
  boolean silent(long millis) {
    RoleInfoProto role = info().getRoleInfoProto();
    if (role.hasLeaderInfo()) {
      return role.getLeaderInfo().getFollowerInfoList().stream()
          .anyMatch(follower -> follower.getLastRpcElapsedTimeMs() > millis);
    }
    return !role.hasFollowerInfo()
        || leaderId() == null
        || role.getFollowerInfo().getLeaderInfo().getLastRpcElapsedTimeMs() > millis;
  }

  /** For tests: whoever holds its monitor keeps Ratis from changing its role. */
  Object lock() {
    return division;
  }

  private DivisionInfo info() {
    return division.getInfo();
  }
}
