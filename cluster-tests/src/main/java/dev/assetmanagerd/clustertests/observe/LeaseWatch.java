package dev.assetmanagerd.clustertests.observe;

import dev.assetmanagerd.clustertests.client.AssetClient;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import dev.assetmanagerd.lease.v1.ListLeasesResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongBinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A stopwatch beside the cluster: lists all leases again and again, and compares how long each was
 * there with what was promised.
 *
 * <p>A promise of a time T is kept when the lease lives for T at least, and at most for T plus the
 * time that the cluster had no leader plus two ticks of a second. Where a moment is known only to
 * lie within a call, the one is taken that is in the cluster's favour; so what is reported as
 * broken is broken.
 */
public final class LeaseWatch extends Observer {
  private static final Duration PAUSE = Duration.ofMillis(40);
  private static final Duration CALL_MAX = Duration.ofSeconds(1);
  private static final Duration TICKS = Duration.ofSeconds(2);

  /** A longer time without an answer counts as one without a leader. */
  private static final Duration ANSWER_MAX = Duration.ofMillis(700);

  private static final int PAGE_MAX = 1000;

  /** One lease on the stopwatch. Moments are of {@link System#nanoTime}. */
  private static final class Watched {
    private final @Nullable Promise promise;
    private @Nullable Long lastSeen;
    private @Nullable Long missedBy;

    private Watched(@Nullable Promise promise) {
      this.promise = promise;
    }
  }

  private record Look(long begin, long end) {}

  private final AssetClient client;
  private final Map<String, Watched> watched = new ConcurrentHashMap<>();
  private final List<Look> looks = new ArrayList<>();
  private final LongSummaryStatistics stamps = new LongSummaryStatistics();

  /** Looks through a client. */
  public LeaseWatch(AssetClient client) {
    super("leases", PAUSE);
    this.client = client;
  }

  /** Watches a lease from now on, which was granted with a promise; null = for ever. */
  public void watch(String leaseId, @Nullable Promise promise) {
    watched.putIfAbsent(leaseId, new Watched(promise));
  }

  /** Number of leases that have a promise and are still there. */
  public long mortalsLeft() {
    return watched.values().stream()
        .filter(lease -> lease.promise != null && missedBy(lease) == null)
        .count();
  }

  /** Number of leases that had a promise, were there and have ended. */
  public long ended() {
    return watched.values().stream()
        .filter(lease -> lease.promise != null && missedBy(lease) != null)
        .count();
  }

  @Override
  void look(Findings findings) throws CallFailedException {
    Set<String> known = new HashSet<>(watched.keySet());
    long begin = System.nanoTime();
    Set<String> found = list();
    long end = System.nanoTime();
    synchronized (this) {
      looks.add(new Look(begin, end));
      for (String id : known) {
        Watched lease = java.util.Objects.requireNonNull(watched.get(id));
        if (found.contains(id)) {
          lease.lastSeen = begin;
          if (lease.missedBy != null) {
            findings.violated("lease " + id + " was gone and is back");
          }
        } else if (lease.missedBy == null) {
          lease.missedBy = end;
        }
      }
    }
  }

  private synchronized void stamp(long unixSeconds) {
    stamps.accept(unixSeconds);
  }

  /** How far apart the leaders' wall clocks were when they stamped what was listed, at least. */
  public synchronized Duration stampsApart() {
    return Duration.ofSeconds(stamps.getMax() - stamps.getMin());
  }

  private synchronized @Nullable Long missedBy(Watched lease) {
    return lease.missedBy;
  }

  private Set<String> list() throws CallFailedException {
    Set<String> ids = new HashSet<>();
    String token = "";
    do {
      ListLeasesRequest request =
          ListLeasesRequest.newBuilder().setPageSize(PAGE_MAX).setPageToken(token).build();
      ListLeasesResponse page =
          client.over(
              channel ->
                  LeaseServiceGrpc.newBlockingStub(channel)
                      .withDeadlineAfter(CALL_MAX.toMillis(), TimeUnit.MILLISECONDS)
                      .listLeases(request));
      for (Lease lease : page.getLeasesList()) {
        ids.add(lease.getId());
        stamp(lease.getAcquiredAt());
      }
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return ids;
  }

  /**
   * Compares every life with its promise, once {@link #stop} has been called. Time without a leader
   * is time in which no look was answered.
   */
  public List<String> brokenPromises() {
    return brokenPromises(this::leaderless);
  }

  /**
   * The same with a better knowledge of the time without a leader: looks are too far apart to tell
   * of a hand-over.
   *
   * @param leaderless for how long there may have been no leader between two moments of {@link
   *     System#nanoTime}; in nanoseconds
   */
  public synchronized List<String> brokenPromises(LongBinaryOperator leaderless) {
    List<String> broken = new ArrayList<>(findings().violations());
    watched.forEach(
        (id, lease) -> {
          if (lease.promise == null) {
            if (lease.missedBy != null) {
              broken.add("lease " + id + " was for ever and is gone");
            }
          } else {
            broken.addAll(compare(id, lease, lease.promise, leaderless));
          }
        });
    return broken;
  }

  private static List<String> compare(
      String id, Watched lease, Promise promise, LongBinaryOperator leaderless) {
    List<String> broken = new ArrayList<>();
    if (lease.missedBy != null && lease.missedBy - promise.surelyUntil() < 0) {
      broken.add(
          "lease %s ended %s s early".formatted(id, s(promise.surelyUntil() - lease.missedBy)));
    }
    if (lease.lastSeen != null) {
      late(id, lease.lastSeen, promise, leaderless).ifPresent(broken::add);
    }
    return broken;
  }

  /** What is wrong with a lease that was last seen at a moment; empty where nothing is. */
  static Optional<String> late(
      String id, long lastSeen, Promise promise, LongBinaryOperator leaderless) {
    if (!promise.endIsKnown()) {
      return Optional.empty();
    }
    long late = lastSeen - promise.atMostUntil();
    long allowed = TICKS.toNanos() + leaderless.applyAsLong(promise.latestBegin(), lastSeen);
    return late > allowed
        ? Optional.of(
            "lease %s lived %s s over, allowed are %s s".formatted(id, s(late), s(allowed)))
        : Optional.empty();
  }

  /** For how long nobody answered that there is a leader, between two moments. */
  private synchronized long leaderless(long from, long to) {
    long sum = 0;
    for (int i = 1; i < looks.size(); i++) {
      long begin = Math.max(from, looks.get(i - 1).end());
      long end = Math.min(to, looks.get(i).end());
      if (looks.get(i).end() - looks.get(i - 1).end() > ANSWER_MAX.toNanos() && end > begin) {
        sum += end - begin;
      }
    }
    return sum;
  }

  /** For a person: how much was measured, how exactly, and by how much promises were outlived. */
  public synchronized String summary() {
    List<Double> over = new ArrayList<>();
    long unknown = 0;
    for (Watched lease : watched.values()) {
      if (lease.promise == null || lease.missedBy == null) {
        continue;
      }
      if (!lease.promise.endIsKnown()) {
        unknown++;
      }
      over.add((lease.missedBy - lease.promise.surelyUntil()) / 1e9);
    }
    over.sort(null);
    long first = looks.isEmpty() ? 0 : looks.get(0).begin();
    long last = looks.isEmpty() ? 0 : looks.get(looks.size() - 1).end();
    return String.format(
        Locale.ROOT,
        "%d leases with an end, gone %s s after their promise (least, median, most); %d of them"
            + " with a renewal of unknown outcome; %d leases without an end; %d looks in %s s,"
            + " answered after %s ms in the median; without an answer for %s s",
        over.size(),
        over.isEmpty()
            ? "-"
            : String.format(
                Locale.ROOT,
                "%.2f, %.2f, %.2f",
                over.get(0),
                over.get(over.size() / 2),
                over.get(over.size() - 1)),
        unknown,
        watched.values().stream().filter(lease -> lease.promise == null).count(),
        looks.size(),
        s(last - first),
        looks.stream()
            .mapToLong(look -> look.end() - look.begin())
            .sorted()
            .skip(looks.size() / 2)
            .findFirst()
            .stream()
            .mapToObj(nanos -> Long.toString(nanos / 1_000_000))
            .findFirst()
            .orElse("-"),
        s(leaderless(first, last)));
  }

  private static String s(long nanos) {
    return String.format(Locale.ROOT, "%.2f", nanos / 1e9);
  }
}
