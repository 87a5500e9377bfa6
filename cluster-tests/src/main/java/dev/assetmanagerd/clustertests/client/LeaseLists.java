package dev.assetmanagerd.clustertests.client;

import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc.LeaseServiceBlockingStub;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import dev.assetmanagerd.lease.v1.ListLeasesResponse;
import dev.assetmanagerd.lease.v1.ListSessionsRequest;
import dev.assetmanagerd.lease.v1.ListSessionsResponse;
import dev.assetmanagerd.lease.v1.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Reads all leases and sessions of a cluster, page by page. */
public final class LeaseLists {
  private static final Duration CALL_MAX = Duration.ofSeconds(10);
  private static final int PAGE_MAX = 1000;

  private LeaseLists() {}

  /** All leases, by id. */
  public static List<Lease> leases(AssetClient client) throws CallFailedException {
    List<Lease> leases = new ArrayList<>();
    String token = "";
    do {
      ListLeasesRequest request =
          ListLeasesRequest.newBuilder().setPageSize(PAGE_MAX).setPageToken(token).build();
      ListLeasesResponse page = call(client, stub -> stub.listLeases(request));
      leases.addAll(page.getLeasesList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return leases;
  }

  /** All sessions. */
  public static List<Session> sessions(AssetClient client) throws CallFailedException {
    List<Session> sessions = new ArrayList<>();
    String token = "";
    do {
      ListSessionsRequest request =
          ListSessionsRequest.newBuilder().setPageSize(PAGE_MAX).setPageToken(token).build();
      ListSessionsResponse page = call(client, stub -> stub.listSessions(request));
      sessions.addAll(page.getSessionsList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return sessions;
  }

  private static <T> T call(AssetClient client, Function<LeaseServiceBlockingStub, T> call)
      throws CallFailedException {
    return client.over(
        channel ->
            call.apply(
                LeaseServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(CALL_MAX.toMillis(), TimeUnit.MILLISECONDS)));
  }
}
