package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.api.v1.ReleaseAssetResponse;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import dev.assetmanagerd.clustertests.chaos.workload.Caller.Wording;
import dev.assetmanagerd.clustertests.chaos.workload.Pocket.Lease;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.End;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.Ended;
import dev.assetmanagerd.clustertests.client.LeaseBook.Held;
import dev.assetmanagerd.clustertests.client.UnaryCaller.Answer;
import dev.assetmanagerd.clustertests.observe.Promise;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.AcquireLeasesResponse;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.RenewLeasesRequest;
import dev.assetmanagerd.lease.v1.RenewLeasesResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** The calls of one client that take, renew and give back leases of its own. */
final class LeaseSteps {
  private static final double MORTAL_SHARE = 0.35;
  private static final double TIMED_SHARE = 0.25;
  private static final double NEW_TTL_SHARE = 0.2;
  private static final int TTL_SECONDS_LEAST = 2;
  private static final int TTL_SECONDS_MORE = 6;
  private static final Duration LAST_RELEASE_MAX = Duration.ofSeconds(15);

  private final Ground ground;
  private final Caller caller;
  private final String holder;
  private final Pocket pocket = new Pocket();

  /** Releases whose outcome is unknown, by their keys. */
  private final Map<String, Lease> doubtful = new LinkedHashMap<>();

  LeaseSteps(Ground ground, Caller caller, String holder) {
    this.ground = ground;
    this.caller = caller;
    this.holder = holder;
  }

  boolean isFull() {
    return pocket.isFull();
  }

  private SplittableRandom random() {
    return caller.random();
  }

  private int ttlSeconds() {
    return TTL_SECONDS_LEAST + random().nextInt(TTL_SECONDS_MORE + 1);
  }

  /** Whether the asset was there. */
  boolean acquire(AssetSpec asset) {
    return acquire(asset, random().nextDouble() < MORTAL_SHARE ? ttlSeconds() : 0);
  }

  private boolean acquire(AssetSpec asset, int ttlSeconds) {
    AcquireAssetRequest request =
        AcquireAssetRequest.newBuilder()
            .setAssetId(asset.id())
            .setAcquiredBy(holder)
            .setTtlSeconds(ttlSeconds)
            .build();
    ground.book().acquiring(asset.id());
    long begin = System.nanoTime();
    Ended<Answer<AcquireAssetResponse>> ended =
        caller
            .call(Kind.ACQUIRE, List.of(asset.id()), ttl(ttlSeconds))
            .unary(
                AssetManagerServiceGrpc.getAcquireAssetMethod(),
                request,
                answer -> granted(answer.message()));
    Answer<AcquireAssetResponse> answer = ended.answer();
    if (answer != null) {
      taken(answer.message().getLeaseId(), answer.message().getAsset(), ttlSeconds, begin);
    } else if (ended.end() == End.REFUSED) {
      ground.book().refused(asset.id());
    }
    return !ended.isNotFound();
  }

  static Value granted(AcquireAssetResponse answer) {
    return Value.granted(AssetSteps.seen(answer.getAsset()), answer.getLeaseId());
  }

  private static Input ttl(int seconds) {
    return Input.NONE.withTtlMillis(seconds * 1000L);
  }

  /** Takes leases on some assets at once. */
  void acquireAll(Collection<AssetSpec> assets) {
    int ttlSeconds = random().nextDouble() < MORTAL_SHARE ? ttlSeconds() : 0;
    List<String> ids = assets.stream().map(AssetSpec::id).toList();
    AcquireLeasesRequest request =
        AcquireLeasesRequest.newBuilder()
            .addAllAssetIds(ids)
            .setAcquiredBy(holder)
            .setTtlSeconds(ttlSeconds)
            .build();
    ids.forEach(ground.book()::acquiring);
    long begin = System.nanoTime();
    Ended<Answer<AcquireLeasesResponse>> ended =
        caller
            .call(Kind.ACQUIRE, ids, ttl(ttlSeconds))
            .unary(
                LeaseServiceGrpc.getAcquireLeasesMethod(),
                request,
                answer -> granted(answer.message()));
    Answer<AcquireLeasesResponse> answer = ended.answer();
    if (answer != null) {
      for (int i = 0; i < ids.size(); i++) {
        String lease = answer.message().getLeases(i).getId();
        taken(lease, answer.message().getAssets(i), ttlSeconds, begin);
      }
    } else if (ended.end() == End.REFUSED) {
      ids.forEach(ground.book()::refused);
    }
  }

  static Value granted(AcquireLeasesResponse answer) {
    Map<String, String> leases = new LinkedHashMap<>();
    answer.getLeasesList().forEach(lease -> leases.put(lease.getAssetId(), lease.getId()));
    List<Seen> seen = answer.getAssetsList().stream().map(AssetSteps::seen).toList();
    return Value.granted(seen, leases);
  }

  private void taken(String lease, Asset asset, int ttlSeconds, long begin) {
    AssetSpec spec = ground.catalogue().find(asset.getId());
    boolean steady = spec != null && spec.steady();
    @Nullable Held booked = null;
    @Nullable Promise promise = null;
    if (steady && ttlSeconds == 0) {
      booked = new Held(lease, asset.getId(), asset.getLocation(), asset.getChecksum());
      ground.book().acquired(booked);
    } else if (steady && random().nextDouble() < TIMED_SHARE) {
      promise = new Promise(Duration.ofSeconds(ttlSeconds), begin);
      ground.stopwatch().watch(lease, promise);
    }
    pocket.add(new Lease(lease, asset.getId(), ttlSeconds * 1000L, booked, promise));
  }

  /** Renews some lease that has an end, sometimes for another time; whether there was one. */
  boolean renew() {
    Optional<Lease> any = pocket.any(random(), Lease::isMortal);
    if (any.isEmpty()) {
      return false;
    }
    List<Lease> leases = new ArrayList<>(List.of(any.get()));
    pocket
        .any(random(), Lease::isMortal)
        .filter(other -> !leases.contains(other))
        .ifPresent(leases::add);
    boolean timed = leases.stream().anyMatch(Lease::isTimed);
    renew(leases, !timed && random().nextDouble() < NEW_TTL_SHARE ? ttlSeconds() : 0);
    return true;
  }

  private void renew(List<Lease> leases, int ttlSeconds) {
    List<String> ids = leases.stream().map(Lease::id).toList();
    RenewLeasesRequest request =
        RenewLeasesRequest.newBuilder().addAllLeaseIds(ids).setTtlSeconds(ttlSeconds).build();
    long begin = System.nanoTime();
    Ended<Answer<RenewLeasesResponse>> ended =
        caller
            .call(Kind.RENEW, List.of(), ttl(ttlSeconds).withLeases(ids))
            .unary(
                LeaseServiceGrpc.getRenewLeasesMethod(),
                request,
                answer -> Value.renewed(answer.message().getNotFoundIdsList()));
    Answer<RenewLeasesResponse> answer = ended.answer();
    if (answer != null) {
      List<String> gone = answer.message().getNotFoundIdsList();
      pocket.removeAll(gone);
      leases.stream()
          .filter(lease -> !gone.contains(lease.id()))
          .forEach(lease -> renewed(lease, begin));
    } else if (ended.end() == End.UNKNOWN) {
      leases.forEach(LeaseSteps::perhapsRenewed);
    }
  }

  private static void renewed(Lease lease, long begin) {
    if (lease.promise() != null) {
      lease.promise().renewed(begin);
    }
  }

  private static void perhapsRenewed(Lease lease) {
    if (lease.promise() != null) {
      lease.promise().perhapsRenewed();
    }
  }

  /** Gives some lease back; whether there was one. */
  boolean release() {
    Optional<Lease> any = pocket.any(random(), lease -> !lease.isTimed());
    any.ifPresent(lease -> release(lease, caller.call(Kind.RELEASE, List.of(), of(lease))));
    return any.isPresent();
  }

  /** Gives back all that has to be given back. */
  void releaseAll() {
    for (Map.Entry<String, Lease> earlier : List.copyOf(doubtful.entrySet())) {
      Wording again =
          caller
              .call(Kind.RELEASE, List.of(), of(earlier.getValue()))
              .with(earlier.getKey())
              .within(LAST_RELEASE_MAX);
      if (send(earlier.getValue(), again).isOk()) {
        doubtful.remove(earlier.getKey());
        gone(earlier.getValue());
      }
    }
    for (Lease lease : pocket.all()) {
      if (!lease.isTimed()) {
        release(
            lease, caller.call(Kind.RELEASE, List.of(), of(lease)).once().within(LAST_RELEASE_MAX));
      }
    }
  }

  private static Input of(Lease lease) {
    return Input.NONE.withLeases(List.of(lease.id()));
  }

  private void release(Lease lease, Wording call) {
    pocket.remove(lease);
    if (lease.booked() != null) {
      ground.book().releasing(lease.booked());
    }
    Ended<?> ended = send(lease, call);
    if (ended.isOk()) {
      gone(lease);
    } else if (ended.end() == End.UNKNOWN && !call.key().isEmpty()) {
      doubtful.put(call.key(), lease);
    } else if (ended.end() == End.REFUSED && lease.booked() == null && ended.isNotFound()) {
      ground.book().refused(lease.asset());
    }
  }

  private static Ended<?> send(Lease lease, Wording call) {
    return call.unary(
        AssetManagerServiceGrpc.getReleaseAssetMethod(),
        ReleaseAssetRequest.newBuilder().setLeaseId(lease.id()).build(),
        answer -> released(answer.message()));
  }

  static Value released(ReleaseAssetResponse answer) {
    return answer.hasAsset() ? Value.of(AssetSteps.seen(answer.getAsset())) : Value.DONE;
  }

  private void gone(Lease lease) {
    if (lease.booked() != null) {
      ground.book().released(lease.booked());
    } else {
      ground.book().refused(lease.asset());
    }
  }
}
