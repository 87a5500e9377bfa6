package dev.assetmanagerd.asset;

import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LeasesGranted;
import io.grpc.Deadline;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Leases that a caller of Prepare wants to keep, by header {@code Assetmanager-Lease-Ttl} or {@code
 * Assetmanager-Session}. Checked before anything is done, taken when all files are in place: so
 * their time begins then, and a call that fails leaves none.
 */
final class KeptLeases {
  private static final int LEASE_ID_CHARS = 26;

  /** Clients limit the headers of a response, many to 8 KiB. */
  private static final int MAX_HEADER_CHARS = 6 << 10;

  private final RegistryAccess registry;
  private final LeaseLimits limits;

  KeptLeases(RegistryAccess registry, LeaseLimits limits) {
    this.registry = registry;
    this.limits = limits;
  }

  /**
   * What to take later; empty when the caller wants to keep none. Waits for a look at a session.
   */
  Optional<AcquireLeases> wanted(
      CallScope scope, List<String> assetIds, String preparedFor, Deadline deadline) {
    if (scope.leaseTtl().isEmpty() && scope.sessionId().isEmpty()) {
      return Optional.empty();
    }
    AcquireLeases.Builder command =
        AcquireLeases.newBuilder()
            .addAllAssetIds(assetIds)
            .setAcquiredBy(Fields.requiredText("prepared_for", preparedFor, Fields.MAX_NAME_CHARS));
    checkHeader(assetIds);
    scope
        .leaseTtl()
        .ifPresent(
            ttl ->
                command.setTtlSeconds(
                    limits.ttlSeconds(CallHeaders.LEASE_TTL_NAME, ttl.toSeconds())));
    scope
        .sessionId()
        .ifPresent(
            session -> {
              checkSession(session, deadline);
              command.setSessionId(session);
            });
    return Optional.of(command.build());
  }

  private static void checkHeader(List<String> assetIds) {
    int chars = assetIds.stream().mapToInt(id -> id.length() + LEASE_ID_CHARS + 3).sum();
    if (chars > MAX_HEADER_CHARS) {
      throw ApiErrors.invalid(
          "asset_ids",
          "header Assetmanager-Leases of the answer would have "
              + chars
              + " characters; it may have "
              + MAX_HEADER_CHARS
              + "; prepare fewer assets at a time");
    }
  }

  /** Before files are placed in vain; the session is checked again when the leases are taken. */
  private void checkSession(String session, Deadline deadline) {
    if (registry.readLinearizableAndWait(deadline, view -> view.session(session)).isEmpty()) {
      throw ApiErrors.notFound(
          CallHeaders.SESSION_NAME + ": there is no session " + ApiErrors.quoted(session));
    }
  }

  /** Takes them, all or none, and has the response say so. Waits. */
  void take(CallScope scope, AcquireLeases wanted, Deadline deadline) {
    Command.Builder command = Command.newBuilder().setAcquireLeases(wanted);
    LeasesGranted granted =
        registry.proposeAndWait(scope, scope.keyed(command), deadline).getLeasesGranted();
    Map<String, String> leases = new LinkedHashMap<>();
    for (int i = 0; i < wanted.getAssetIdsCount(); i++) {
      leases.put(wanted.getAssetIds(i), granted.getLeaseIds(i));
    }
    scope.keeps(leases);
  }
}
