package dev.assetmanagerd.clustertests.observe;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Leases and sessions of a cluster that has a leader and no clients any more: each asset counts
 * those that are listed for it, and what has an end comes to it. To be shown what is listed again
 * and again; for one thread.
 */
public final class QuietLeases {
  /** Two ticks, by which a lease may outlive its end, and one that a look may take. */
  private static final Duration PROMISE = Duration.ofSeconds(3);

  private final Set<String> closedSessions;
  private final Map<String, Long> due = new HashMap<>();
  private final Set<String> ended = new java.util.TreeSet<>();

  /**
   * What is wrong at one look.
   *
   * @param broken what no later look can make good
   * @param notYet what has to have changed soon
   */
  public record Look(List<String> broken, List<String> notYet) {
    /** Copies the lists. */
    public Look {
      broken = List.copyOf(broken);
      notYet = List.copyOf(notYet);
    }

    /** Whether all is as it should be. */
    public boolean isFine() {
      return broken.isEmpty() && notYet.isEmpty();
    }
  }

  /**
   * Nothing was looked at yet.
   *
   * @param closedSessions that cannot be there any more
   */
  public QuietLeases(Set<String> closedSessions) {
    this.closedSessions = Set.copyOf(closedSessions);
  }

  /**
   * One look.
   *
   * @param assets all but those being deleted; read, as the rest, before {@code nowNanos}
   * @param nowNanos of any clock, the same at each look
   */
  public Look look(
      Collection<Asset> assets,
      Collection<Lease> leases,
      Collection<Session> sessions,
      long nowNanos) {
    List<String> broken = new ArrayList<>();
    List<String> notYet = new ArrayList<>(miscounted(assets, leases));
    Set<String> seen = new java.util.HashSet<>();
    for (Lease lease : leases) {
      if (hasEnd(lease)) {
        String what = "lease %s of %s on %s".formatted(id(lease), by(lease), lease.getAssetId());
        seen.add(what);
        judge(what, lease.getExpiresInMillis(), nowNanos, broken, notYet);
      }
    }
    for (Session session : sessions) {
      String what = "session " + session.getId();
      seen.add(what);
      if (closedSessions.contains(session.getId())) {
        broken.add(what + " was closed and is there");
      }
      judge(what, session.getExpiresInMillis(), nowNanos, broken, notYet);
    }
    due.keySet().stream().filter(what -> !seen.contains(what)).forEach(ended::add);
    return new Look(broken, notYet);
  }

  /** How many leases and sessions were there and have ended since. */
  public int ended() {
    return ended.size();
  }

  private void judge(
      String what, long leftMillis, long nowNanos, List<String> broken, List<String> notYet) {
    long end = nowNanos + Duration.ofMillis(leftMillis).plus(PROMISE).toNanos();
    long over = nowNanos - due.computeIfAbsent(what, none -> end);
    if (over > 0) {
      broken.add("%s is there %.1f s after it had to end".formatted(what, over / 1e9));
    } else {
      notYet.add("%s has %.1f s left".formatted(what, -over / 1e9));
    }
  }

  private static boolean hasEnd(Lease lease) {
    return lease.getTtlSeconds() > 0
        || lease.getExpiresInMillis() > 0
        || !lease.getSessionId().isEmpty();
  }

  private static String id(Lease lease) {
    return lease.getId()
        + (lease.getSessionId().isEmpty() ? "" : " in session " + lease.getSessionId());
  }

  private static String by(Lease lease) {
    return lease.getAcquiredBy();
  }

  /** Assets and leases are not read at one moment, so a later look may find them agree. */
  private static List<String> miscounted(Collection<Asset> assets, Collection<Lease> leases) {
    Map<String, Long> counts =
        leases.stream()
            .map(Lease::getAssetId)
            .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    List<String> wrong = new ArrayList<>();
    for (Asset asset : assets) {
      long listed = counts.getOrDefault(asset.getId(), 0L);
      if (asset.getReferenceCount() != listed) {
        wrong.add(
            "%s has a reference count of %d, and %d leases are listed"
                .formatted(asset.getId(), asset.getReferenceCount(), listed));
      }
    }
    Set<String> known = assets.stream().map(Asset::getId).collect(Collectors.toSet());
    counts.keySet().stream()
        .filter(id -> !known.contains(id))
        .forEach(id -> wrong.add("leases are listed on " + id + ", which is not"));
    return wrong;
  }
}
