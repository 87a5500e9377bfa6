package dev.assetmanagerd.asset;

import com.google.protobuf.Message;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.AttachLeasesRequest;
import dev.assetmanagerd.lease.v1.ListLeasesRequest;
import dev.assetmanagerd.lease.v1.ListSessionsRequest;
import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import dev.assetmanagerd.lease.v1.ReconcileSessionRequest;
import dev.assetmanagerd.lease.v1.ReconcileSessionRequest.RunningVm;
import dev.assetmanagerd.lease.v1.RenewLeasesRequest;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.AttachLeases;
import dev.assetmanagerd.log.v1.OpenSession;
import dev.assetmanagerd.log.v1.RenewLeases;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The rules for requests of the lease service: everything that can be said without the registry.
 * Each method returns what the request means, or throws {@code INVALID_ARGUMENT}.
 */
final class LeaseRequests {
  /** Most leases that one call renews or attaches. */
  static final int MAX_LEASES = 1000;

  /** Most leases that one call takes; it answers with as many assets. */
  static final int MAX_ACQUIRED = AssetRequests.MAX_PREPARED;

  /** Most pairs of a VM and an asset that a host may report. */
  static final int MAX_RUNNING = 20_000;

  /**
   * A page of leases or sessions.
   *
   * @param filters the request without what differs from page to page
   * @param afterId the page begins behind this id; null from the start
   * @param size at most this many
   */
  record Page<R extends Message>(R filters, @Nullable String afterId, int size) {}

  /** One lease that something running needs. */
  record Needed(String holder, String assetId) {}

  private LeaseRequests() {}

  static String holder(String value) {
    return Fields.requiredText("acquired_by", value, Fields.MAX_NAME_CHARS);
  }

  static AcquireLeases acquire(AcquireLeasesRequest request, LeaseLimits limits) {
    AcquireLeases.Builder command =
        AcquireLeases.newBuilder()
            .addAllAssetIds(ids("asset_ids", request.getAssetIdsList(), MAX_ACQUIRED))
            .setAcquiredBy(holder(request.getAcquiredBy()));
    if (request.getSessionId().isEmpty()) {
      return command
          .setTtlSeconds(limits.ttlSeconds("ttl_seconds", request.getTtlSeconds()))
          .build();
    }
    LeaseLimits.noTtlInSession("ttl_seconds", request.getTtlSeconds());
    return command.setSessionId(Fields.id("session_id", request.getSessionId())).build();
  }

  static RenewLeases renew(RenewLeasesRequest request, LeaseLimits limits) {
    return RenewLeases.newBuilder()
        .addAllLeaseIds(ids("lease_ids", request.getLeaseIdsList(), MAX_LEASES))
        .setTtlSeconds(limits.renewalSeconds("ttl_seconds", request.getTtlSeconds()))
        .build();
  }

  static OpenSession open(OpenSessionRequest request, LeaseLimits limits) {
    LeaseLimits.SessionTimes times =
        limits.session(
            request.getTtlSeconds(),
            request.hasGraceSeconds() ? Optional.of(request.getGraceSeconds()) : Optional.empty());
    return OpenSession.newBuilder()
        .setSessionId(Fields.optionalId("session_id", request.getSessionId()))
        .setHost(Fields.requiredText("host", request.getHost(), Fields.MAX_NAME_CHARS))
        .setTtlMillis(times.ttlMillis())
        .setGraceMillis(times.graceMillis())
        .build();
  }

  static AttachLeases attach(AttachLeasesRequest request) {
    return AttachLeases.newBuilder()
        .setSessionId(Fields.id("session_id", request.getSessionId()))
        .addAllLeaseIds(ids("lease_ids", request.getLeaseIdsList(), MAX_LEASES))
        .build();
  }

  static Page<ListLeasesRequest> list(ListLeasesRequest request) {
    Fields.optionalId("asset_id", request.getAssetId());
    Fields.text("acquired_by", request.getAcquiredBy(), Fields.MAX_NAME_CHARS);
    Fields.optionalId("session_id", request.getSessionId());
    Fields.seconds("expiring_within_seconds", request.getExpiringWithinSeconds());
    return page(
        request.toBuilder().clearPageSize().clearPageToken().build(),
        request.getPageSize(),
        request.getPageToken());
  }

  static Page<ListSessionsRequest> list(ListSessionsRequest request) {
    return page(
        request.toBuilder().clearPageSize().clearPageToken().build(),
        request.getPageSize(),
        request.getPageToken());
  }

  private static <R extends Message> Page<R> page(R filters, int pageSize, String pageToken) {
    int size = AssetRequests.pageSize(pageSize);
    String afterId =
        pageToken.isEmpty() ? null : IdPageToken.decode("page_token", pageToken, filters);
    return new Page<>(filters, afterId, size);
  }

  /** Everything that runs, each pair once, in the order reported. */
  static Set<Needed> running(ReconcileSessionRequest request) {
    Set<Needed> needed = new LinkedHashSet<>();
    for (int i = 0; i < request.getRunningCount(); i++) {
      RunningVm vm = request.getRunning(i);
      String field = "running[" + i + "].";
      String holder =
          Fields.requiredText(field + "acquired_by", vm.getAcquiredBy(), Fields.MAX_NAME_CHARS);
      for (String assetId : vm.getAssetIdsList()) {
        needed.add(new Needed(holder, Fields.id(field + "asset_ids", assetId)));
        if (needed.size() > MAX_RUNNING) {
          throw ApiErrors.invalid(
              "running",
              "has more than "
                  + MAX_RUNNING
                  + " pairs of a VM and an asset; use several sessions for one host");
        }
      }
    }
    return needed;
  }

  private static List<String> ids(String field, List<String> ids, int max) {
    if (ids.isEmpty() || ids.size() > max) {
      throw ApiErrors.invalid(
          field, "has " + ids.size() + " entries; 1 to " + max + " are allowed");
    }
    Set<String> seen = new HashSet<>();
    for (String id : ids) {
      Fields.id(field, id);
      if (!seen.add(id)) {
        throw ApiErrors.invalid(field, id, "is named twice");
      }
    }
    return ids;
  }

  static @Nullable String orNull(String text) {
    return text.isEmpty() ? null : text;
  }

  static @Nullable Long millisOrNull(long seconds) {
    return seconds == 0 ? null : TimeUnit.SECONDS.toMillis(seconds);
  }
}
