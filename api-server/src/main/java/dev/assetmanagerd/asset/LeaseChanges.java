package dev.assetmanagerd.asset;

import com.google.protobuf.Message;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.AcquireLeasesResponse;
import dev.assetmanagerd.lease.v1.AttachLeasesRequest;
import dev.assetmanagerd.lease.v1.AttachLeasesResponse;
import dev.assetmanagerd.lease.v1.CloseSessionRequest;
import dev.assetmanagerd.lease.v1.CloseSessionResponse;
import dev.assetmanagerd.lease.v1.KeepSessionRequest;
import dev.assetmanagerd.lease.v1.KeepSessionResponse;
import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import dev.assetmanagerd.lease.v1.OpenSessionResponse;
import dev.assetmanagerd.lease.v1.ReleaseHolderRequest;
import dev.assetmanagerd.lease.v1.ReleaseHolderResponse;
import dev.assetmanagerd.lease.v1.RenewLeasesRequest;
import dev.assetmanagerd.lease.v1.RenewLeasesResponse;
import dev.assetmanagerd.log.v1.CloseSession;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.KeepSession;
import dev.assetmanagerd.log.v1.LeasesAttached;
import dev.assetmanagerd.log.v1.LeasesGranted;
import dev.assetmanagerd.log.v1.LeasesReleased;
import dev.assetmanagerd.log.v1.LeasesRenewed;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.ReleaseLeases;
import io.grpc.Deadline;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The calls of the lease service that change something. None occupies a thread while it waits. */
final class LeaseChanges {
  private static final int RELEASED_PER_COMMAND = 1000;

  private final RegistryAccess registry;
  private final LeaseLimits limits;

  LeaseChanges(RegistryAccess registry, LeaseLimits limits) {
    this.registry = registry;
    this.limits = limits;
  }

  CompletableFuture<AcquireLeasesResponse> acquire(CallScope scope, AcquireLeasesRequest request) {
    return change(
            scope, Command.newBuilder().setAcquireLeases(LeaseRequests.acquire(request, limits)))
        .thenApply(
            outcome -> {
              LeasesGranted granted = outcome.getLeasesGranted();
              AcquireLeasesResponse.Builder response =
                  AcquireLeasesResponse.newBuilder().addAllLeases(granted.getLeasesList());
              if (bytes(granted.getAssetsList()) <= AssetReads.MAX_PAGE_BYTES) {
                response.addAllAssets(granted.getAssetsList());
              }
              return response.build();
            });
  }

  private static long bytes(List<? extends Message> messages) {
    return messages.stream().mapToLong(Message::getSerializedSize).sum();
  }

  CompletableFuture<RenewLeasesResponse> renew(CallScope scope, RenewLeasesRequest request) {
    return change(scope, Command.newBuilder().setRenewLeases(LeaseRequests.renew(request, limits)))
        .thenApply(
            outcome -> {
              LeasesRenewed renewed = outcome.getLeasesRenewed();
              return RenewLeasesResponse.newBuilder()
                  .addAllRenewed(renewed.getRenewedList())
                  .addAllNotFoundIds(renewed.getNotFoundIdsList())
                  .build();
            });
  }

  /** In batches, each in a command of its own, until the holder has none left. */
  CompletableFuture<ReleaseHolderResponse> releaseHolder(
      CallScope scope, ReleaseHolderRequest request) {
    String holder = LeaseRequests.holder(request.getAcquiredBy());
    return releaseBatch(scope, holder, 0, 0, registry.deadline())
        .thenApply(released -> ReleaseHolderResponse.newBuilder().setReleased(released).build());
  }

  private CompletableFuture<Integer> releaseBatch(
      CallScope scope, String holder, int batch, int before, Deadline deadline) {
    Command.Builder command =
        Command.newBuilder()
            .setReleaseLeases(
                ReleaseLeases.newBuilder().setAcquiredBy(holder).setLimit(RELEASED_PER_COMMAND));
    return registry
        .propose(scope, scope.keyed(command, batch), deadline)
        .thenCompose(
            outcome -> {
              LeasesReleased released = outcome.getLeasesReleased();
              int sum = before + released.getLeaseIdsCount();
              return released.getMore()
                  ? releaseBatch(scope, holder, batch + 1, sum, deadline)
                  : CompletableFuture.completedFuture(sum);
            });
  }

  CompletableFuture<OpenSessionResponse> open(CallScope scope, OpenSessionRequest request) {
    return change(scope, Command.newBuilder().setOpenSession(LeaseRequests.open(request, limits)))
        .thenApply(
            outcome ->
                OpenSessionResponse.newBuilder()
                    .setSession(outcome.getSessionKept().getSession())
                    .build());
  }

  CompletableFuture<KeepSessionResponse> keep(CallScope scope, KeepSessionRequest request) {
    String id = Fields.id("session_id", request.getSessionId());
    return change(
            scope, Command.newBuilder().setKeepSession(KeepSession.newBuilder().setSessionId(id)))
        .thenApply(
            outcome ->
                KeepSessionResponse.newBuilder()
                    .setSession(outcome.getSessionKept().getSession())
                    .build());
  }

  CompletableFuture<AttachLeasesResponse> attach(CallScope scope, AttachLeasesRequest request) {
    return change(scope, Command.newBuilder().setAttachLeases(LeaseRequests.attach(request)))
        .thenApply(
            outcome -> {
              LeasesAttached attached = outcome.getLeasesAttached();
              return AttachLeasesResponse.newBuilder()
                  .addAllAttached(attached.getAttachedList())
                  .addAllNotFoundIds(attached.getNotFoundIdsList())
                  .build();
            });
  }

  CompletableFuture<CloseSessionResponse> close(CallScope scope, CloseSessionRequest request) {
    String id = Fields.id("session_id", request.getSessionId());
    return change(
            scope, Command.newBuilder().setCloseSession(CloseSession.newBuilder().setSessionId(id)))
        .thenApply(
            outcome ->
                CloseSessionResponse.newBuilder()
                    .setLeasesEnded(outcome.getSessionClosed().getLeasesEnded())
                    .build());
  }

  private CompletableFuture<Outcome> change(CallScope scope, Command.Builder command) {
    return registry.propose(scope, scope.keyed(command), registry.deadline());
  }
}
