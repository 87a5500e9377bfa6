package dev.assetmanagerd.clustertests.chaos.workload;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.ReleaseAssetRequest;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.workload.AssetSpec.Content;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.End;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.Ended;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.client.UnaryCaller.Answer;
import dev.assetmanagerd.clustertests.observe.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Assets whose bytes others are registered for; leased for ever. Belongs to one thread. */
final class Anchors {
  private static final List<Integer> TTLS_SECONDS = List.of(2, 4, 6);

  private final Caller caller;
  private final Catalogue catalogue;
  private final LeaseBook book;
  private final String run;

  Anchors(Caller caller, Catalogue catalogue, LeaseBook book, String run) {
    this.caller = caller;
    this.catalogue = catalogue;
    this.book = book;
    this.run = run;
  }

  /** Of one of them. */
  String id(int number) {
    return run + "-anchor" + number;
  }

  /** Uploads and leases them, in the order of the catalogue. */
  List<Asset> bring() {
    List<Asset> anchors = new ArrayList<>();
    for (Content content : catalogue.anchors()) {
      String id = id(anchors.size());
      Asset asset = AssetSteps.uploadAnchor(caller, id, content).answer();
      Ended<Answer<AcquireAssetResponse>> lease = acquire(id, Duration.ofMinutes(1));
      Answer<AcquireAssetResponse> answer = lease.answer();
      if (asset == null || answer == null) {
        throw new IllegalStateException("the first calls failed: " + lease.code());
      }
      book.acquired(
          new LeaseBook.Held(
              answer.message().getLeaseId(), id, asset.getLocation(), asset.getChecksum()));
      anchors.add(asset);
    }
    return anchors;
  }

  /**
   * Takes leases that are left to their end, so that some end in every run, however short or slow.
   */
  void letSomeEnd(LeaseStopwatch stopwatch) {
    for (int ttlSeconds : TTLS_SECONDS) {
      long begin = System.nanoTime();
      Answer<AcquireAssetResponse> answer =
          acquire(id(0), ttlSeconds, Duration.ofMinutes(1)).answer();
      if (answer != null) {
        stopwatch.watch(
            answer.message().getLeaseId(), new Promise(Duration.ofSeconds(ttlSeconds), begin));
      }
    }
  }

  private Ended<Answer<AcquireAssetResponse>> acquire(String id, Duration most) {
    return acquire(id, 0, most);
  }

  private Ended<Answer<AcquireAssetResponse>> acquire(String id, int ttlSeconds, Duration most) {
    AcquireAssetRequest request =
        AcquireAssetRequest.newBuilder()
            .setAssetId(id)
            .setAcquiredBy(run)
            .setTtlSeconds(ttlSeconds)
            .build();
    book.acquiring(id);
    return caller
        .call(Kind.ACQUIRE, List.of(id), Input.NONE.withTtlMillis(ttlSeconds * 1000L))
        .once()
        .within(most)
        .unary(
            AssetManagerServiceGrpc.getAcquireAssetMethod(),
            request,
            answer -> LeaseSteps.granted(answer.message()));
  }

  boolean canaryWrite(Duration most) {
    long begin = System.nanoTime();
    String id = id(0);
    Ended<Answer<AcquireAssetResponse>> taken = acquire(id, most);
    Answer<AcquireAssetResponse> answer = taken.answer();
    if (answer == null) {
      if (taken.end() == End.REFUSED) {
        book.refused(id);
      }
      return false;
    }
    String lease = answer.message().getLeaseId();
    Ended<?> given =
        caller
            .call(Kind.RELEASE, List.of(), Input.NONE.withLeases(List.of(lease)))
            .once()
            .within(most.minusNanos(System.nanoTime() - begin))
            .unary(
                AssetManagerServiceGrpc.getReleaseAssetMethod(),
                ReleaseAssetRequest.newBuilder().setLeaseId(lease).build(),
                released -> LeaseSteps.released(released.message()));
    if (given.isOk()) {
      book.refused(id);
    }
    return given.isOk() && System.nanoTime() - begin <= most.toNanos();
  }
}
