package dev.assetmanagerd.asset;

import dev.assetmanagerd.asset.LeaseRequests.Needed;
import dev.assetmanagerd.asset.LeaseRequests.Page;
import dev.assetmanagerd.lease.v1.GetLeaseRequest;
import dev.assetmanagerd.lease.v1.GetLeaseResponse;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import dev.assetmanagerd.lease.v1.ListLeasesResponse;
import dev.assetmanagerd.lease.v1.ListSessionsRequest;
import dev.assetmanagerd.lease.v1.ListSessionsResponse;
import dev.assetmanagerd.lease.v1.ReconcileSessionRequest;
import dev.assetmanagerd.lease.v1.ReconcileSessionResponse;
import dev.assetmanagerd.lease.v1.ReconcileSessionResponse.Missing;
import dev.assetmanagerd.lease.v1.Session;
import dev.assetmanagerd.registry.LeaseQuery;
import dev.assetmanagerd.registry.RegistryView;
import io.grpc.Deadline;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** The calls of the lease service that only read. */
final class LeaseReads {
  private static final int LEASES_PER_QUERY = 1000;

  private final RegistryAccess registry;

  LeaseReads(RegistryAccess registry) {
    this.registry = registry;
  }

  CompletableFuture<GetLeaseResponse> get(CallScope scope, GetLeaseRequest request) {
    String id = Fields.id("lease_id", request.getLeaseId());
    Deadline deadline = registry.deadline();
    return registry.read(
        scope,
        deadline,
        view ->
            GetLeaseResponse.newBuilder()
                .setLease(
                    view.lease(id)
                        .orElseThrow(
                            () ->
                                ApiErrors.notFound(
                                    "lease_id: there is no lease " + ApiErrors.quoted(id))))
                .build());
  }

  CompletableFuture<ListLeasesResponse> list(CallScope scope, ListLeasesRequest request) {
    Page<ListLeasesRequest> page = LeaseRequests.list(request);
    LeaseQuery query =
        new LeaseQuery(
            LeaseRequests.orNull(request.getAssetId()),
            LeaseRequests.orNull(request.getAcquiredBy()),
            LeaseRequests.orNull(request.getSessionId()),
            LeaseRequests.millisOrNull(request.getExpiringWithinSeconds()),
            page.afterId(),
            page.size() + 1);
    Deadline deadline = registry.deadline();
    return registry
        .read(scope, deadline, view -> view.leases(query))
        .thenApply(
            found ->
                ListLeasesResponse.newBuilder()
                    .addAllLeases(firstOf(found, page))
                    .setNextPageToken(token(found, page, Lease::getId))
                    .build());
  }

  CompletableFuture<ListSessionsResponse> sessions(CallScope scope, ListSessionsRequest request) {
    Page<ListSessionsRequest> page = LeaseRequests.list(request);
    Deadline deadline = registry.deadline();
    return registry
        .read(scope, deadline, view -> view.sessions(page.afterId(), page.size() + 1))
        .thenApply(
            found ->
                ListSessionsResponse.newBuilder()
                    .addAllSessions(firstOf(found, page))
                    .setNextPageToken(token(found, page, Session::getId))
                    .build());
  }

  /** One more was asked for than the page may have, to see whether there is another page. */
  private static <T> List<T> firstOf(List<T> found, Page<?> page) {
    return found.size() > page.size() ? found.subList(0, page.size()) : found;
  }

  private static <T> String token(List<T> found, Page<?> page, Function<T, String> id) {
    return found.size() > page.size()
        ? IdPageToken.encode(id.apply(found.get(page.size() - 1)), page.filters())
        : "";
  }

  /** Always of what is acknowledged by now: leases are given back by what this says. */
  CompletableFuture<ReconcileSessionResponse> reconcile(
      CallScope scope, ReconcileSessionRequest request) {
    String sessionId = Fields.id("session_id", request.getSessionId());
    Set<Needed> needed = LeaseRequests.running(request);
    Deadline deadline = registry.deadline();
    return registry.readLinearizable(deadline, view -> difference(needed, leases(view, sessionId)));
  }

  private static List<Lease> leases(RegistryView view, String sessionId) {
    if (view.session(sessionId).isEmpty()) {
      throw ApiErrors.notFound(
          "session_id: there is no session "
              + ApiErrors.quoted(sessionId)
              + "; it may have expired, and its leases with it");
    }
    List<Lease> all = new ArrayList<>();
    List<Lease> page;
    do {
      String after = all.isEmpty() ? null : all.get(all.size() - 1).getId();
      page = view.leases(new LeaseQuery(null, null, sessionId, null, after, LEASES_PER_QUERY));
      all.addAll(page);
    } while (page.size() == LEASES_PER_QUERY);
    return all;
  }

  private static ReconcileSessionResponse difference(Set<Needed> needed, List<Lease> leases) {
    Set<Needed> held = new HashSet<>();
    List<Lease> surplus = new ArrayList<>();
    for (Lease lease : leases) {
      Needed purpose = new Needed(lease.getAcquiredBy(), lease.getAssetId());
      held.add(purpose);
      if (!needed.contains(purpose)) {
        surplus.add(lease);
      }
    }
    List<Missing> missing =
        needed.stream()
            .filter(purpose -> !held.contains(purpose))
            .map(
                purpose ->
                    Missing.newBuilder()
                        .setAcquiredBy(purpose.holder())
                        .setAssetId(purpose.assetId())
                        .build())
            .toList();
    return cutToMessageSize(missing, surplus);
  }

  private static ReconcileSessionResponse cutToMessageSize(
      List<Missing> missing, List<Lease> surplus) {
    ReconcileSessionResponse.Builder response = ReconcileSessionResponse.newBuilder();
    long bytes = 0;
    for (Missing each : missing) {
      bytes += each.getSerializedSize();
      if (bytes > AssetReads.MAX_PAGE_BYTES) {
        return response.setMore(true).build();
      }
      response.addMissing(each);
    }
    for (Lease each : surplus) {
      bytes += each.getSerializedSize();
      if (bytes > AssetReads.MAX_PAGE_BYTES) {
        return response.setMore(true).build();
      }
      response.addSurplus(each);
    }
    return response.build();
  }
}
