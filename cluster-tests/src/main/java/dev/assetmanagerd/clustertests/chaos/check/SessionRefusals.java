package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Answers that there is no such session where it cannot have ended: it was opened or kept within
 * its time before, and nobody may have closed it. A session lives for its time at least, counted
 * from no sooner than the call was begun, whatever happens to the cluster.
 */
final class SessionRefusals {
  /** What is known of a session. Of lives that were asked for, the shortest. */
  private static final class Session {
    private final List<Call> kept = new ArrayList<>();
    private long lifeNanos = Long.MAX_VALUE;
    private long closedFrom = Long.MAX_VALUE;
  }

  private SessionRefusals() {}

  static List<Finding> unexplained(History history) {
    Map<String, Session> sessions = new HashMap<>();
    KeyedCalls.merged(history.calls()).forEach(call -> note(sessions, call));
    List<Finding> findings = new ArrayList<>();
    for (Call call : history.calls()) {
      boolean refused =
          (call.kind() == Kind.KEEP_SESSION || call.kind() == Kind.CLOSE_SESSION)
              && call.failedWith("not_found");
      Session session = sessions.get(call.input().session());
      if (refused && session != null && call.returnNanos() < session.closedFrom) {
        session.kept.stream()
            .filter(kept -> kept.returnNanos() < call.invokeNanos())
            .filter(kept -> call.returnNanos() < kept.invokeNanos() + session.lifeNanos)
            .findFirst()
            .ifPresent(kept -> findings.add(finding(kept, call)));
      }
    }
    return findings;
  }

  private static void note(Map<String, Session> sessions, Call call) {
    if (call.outcome() instanceof Outcome.Fail) {
      return;
    }
    Session session = sessions.computeIfAbsent(call.input().session(), none -> new Session());
    if (call.kind() == Kind.OPEN_SESSION) {
      session.lifeNanos = Math.min(session.lifeNanos, call.input().ttlMillis() * 1_000_000);
    }
    if (call.kind() == Kind.CLOSE_SESSION) {
      session.closedFrom = Math.min(session.closedFrom, call.invokeNanos());
    } else if (call.isOk()
        && (call.kind() == Kind.OPEN_SESSION || call.kind() == Kind.KEEP_SESSION)) {
      session.kept.add(call);
    }
  }

  private static Finding finding(Call kept, Call refused) {
    return new Finding(
        "session %s is not known, and cannot have ended:\n  %s\n  %s"
            .formatted(refused.input().session(), kept.inWords(), refused.inWords()),
        List.of(kept.sequence(), refused.sequence()));
  }
}
