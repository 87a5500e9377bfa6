package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.DeleteAssetResponse;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.DeletionMarked;
import dev.assetmanagerd.log.v1.DeletionMarked.Refusal;
import dev.assetmanagerd.log.v1.MarkDeleting;
import dev.assetmanagerd.process.FailPoint;
import dev.assetmanagerd.process.FailPoints;
import java.util.concurrent.CompletableFuture;

/**
 * Delete: marks the asset; from then on nobody can use it, and the {@link Reaper} does the rest.
 */
final class Deletion {
  private final RegistryAccess registry;
  private final Reaper reaper;
  private final FailPoints failPoints;

  Deletion(RegistryAccess registry, Reaper reaper, FailPoints failPoints) {
    this.registry = registry;
    this.reaper = reaper;
    this.failPoints = failPoints;
  }

  CompletableFuture<DeleteAssetResponse> delete(CallScope scope, DeleteAssetRequest request) {
    String id = Fields.id("id", request.getId());
    Command.Builder command =
        Command.newBuilder()
            .setMarkDeleting(
                MarkDeleting.newBuilder()
                    .addAssetIds(id)
                    .setEndLeases(request.getForce())
                    .setReason(MarkDeleting.Reason.REASON_REQUESTED));
    return registry
        .propose(scope, scope.keyed(command), registry.deadline())
        .thenApply(outcome -> response(id, outcome.getDeletionMarked()));
  }

  private DeleteAssetResponse response(String id, DeletionMarked marked) {
    if (marked.getMarkedCount() == 1) {
      failPoints.hit(FailPoint.DELETE_AFTER_MARK);
      reaper.kick();
      return response(true, "asset " + id + " deleted");
    }
    Refusal refusal = marked.getRefused(0);
    return switch (refusal.getWhy()) {
      case WHY_NOT_FOUND ->
          throw ApiErrors.notFound("id: there is no asset " + ApiErrors.quoted(id));
      case WHY_DELETING -> response(true, "asset " + id + " is being deleted already");
      case WHY_LEASED ->
          response(
              false,
              "asset "
                  + id
                  + " has "
                  + refusal.getLeaseCount()
                  + (refusal.getLeaseCount() == 1 ? " reference" : " references")
                  + "; release them first, or delete with force");
      case WHY_TOO_YOUNG, WHY_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalStateException("not an answer to this command: " + marked);
    };
  }

  private static DeleteAssetResponse response(boolean deleted, String message) {
    return DeleteAssetResponse.newBuilder().setDeleted(deleted).setMessage(message).build();
  }
}
