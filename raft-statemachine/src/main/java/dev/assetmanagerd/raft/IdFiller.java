package dev.assetmanagerd.raft;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.BeginBackup;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.OpenSession;
import dev.assetmanagerd.log.v1.OpenUpload;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.RequestBuild;
import dev.assetmanagerd.log.v1.ReserveBlob;
import java.util.concurrent.TimeUnit;

/** Puts ids and times where a command has none; what the caller set is kept. Thread-safe. */
final class IdFiller {
  /** Where the id of a backup goes in its location. */
  private static final String BACKUP_ID_PLACE = "{id}";

  private final Ulids ulids;

  IdFiller(Ulids ulids) {
    this.ulids = ulids;
  }

  Command fillIn(Command command, long nowMillis) {
    return switch (command.getKindCase()) {
      case REGISTER_ASSET -> registration(command, nowMillis);
      case ACQUIRE_ASSET -> lease(command, nowMillis);
      case ACQUIRE_LEASES -> leases(command, nowMillis);
      case OPEN_SESSION -> session(command, nowMillis);
      case RESERVE_BLOB -> reservation(command, nowMillis);
      case OPEN_UPLOAD -> upload(command, nowMillis);
      case REQUEST_BUILD -> build(command, nowMillis);
      case BEGIN_BACKUP -> backup(command, nowMillis);
      default -> command;
    };
  }

  private Command registration(Command command, long nowMillis) {
    RegisterAsset register = command.getRegisterAsset();
    Asset.Builder asset = register.getAsset().toBuilder();
    long nowSeconds = TimeUnit.MILLISECONDS.toSeconds(nowMillis);
    if (asset.getId().isEmpty()) {
      asset.setId(ulids.next(nowMillis));
    }
    if (asset.getCreatedAt() == 0) {
      asset.setCreatedAt(nowSeconds);
    }
    if (asset.getLastAccessedAt() == 0) {
      asset.setLastAccessedAt(nowSeconds);
    }
    return command.toBuilder().setRegisterAsset(register.toBuilder().setAsset(asset)).build();
  }

  private Command lease(Command command, long nowMillis) {
    AcquireAsset acquire = command.getAcquireAsset();
    if (!acquire.getLeaseId().isEmpty()) {
      return command;
    }
    return command.toBuilder()
        .setAcquireAsset(acquire.toBuilder().setLeaseId(ulids.next(nowMillis)))
        .build();
  }

  private Command leases(Command command, long nowMillis) {
    AcquireLeases acquire = command.getAcquireLeases();
    if (acquire.getLeaseIdsCount() > 0) {
      return command;
    }
    AcquireLeases.Builder filled = acquire.toBuilder();
    for (int i = 0; i < acquire.getAssetIdsCount(); i++) {
      filled.addLeaseIds(ulids.next(nowMillis));
    }
    return command.toBuilder().setAcquireLeases(filled).build();
  }

  private Command session(Command command, long nowMillis) {
    OpenSession open = command.getOpenSession();
    if (!open.getSessionId().isEmpty()) {
      return command;
    }
    return command.toBuilder()
        .setOpenSession(open.toBuilder().setSessionId(ulids.next(nowMillis)))
        .build();
  }

  private Command reservation(Command command, long nowMillis) {
    ReserveBlob reserve = command.getReserveBlob();
    if (!reserve.getReservationId().isEmpty()) {
      return command;
    }
    return command.toBuilder()
        .setReserveBlob(reserve.toBuilder().setReservationId(ulids.next(nowMillis)))
        .build();
  }

  private Command upload(Command command, long nowMillis) {
    OpenUpload open = command.getOpenUpload();
    if (!open.getUploadId().isEmpty()) {
      return command;
    }
    return command.toBuilder()
        .setOpenUpload(open.toBuilder().setUploadId(ulids.next(nowMillis)))
        .build();
  }

  private Command backup(Command command, long nowMillis) {
    BeginBackup begin = command.getBeginBackup();
    if (!begin.getBackupId().isEmpty()) {
      return command;
    }
    String id = ulids.next(nowMillis);
    return command.toBuilder()
        .setBeginBackup(
            begin.toBuilder()
                .setBackupId(id)
                .setLocation(begin.getLocation().replace(BACKUP_ID_PLACE, id)))
        .build();
  }

  private Command build(Command command, long nowMillis) {
    RequestBuild request = command.getRequestBuild();
    if (!request.getSuggestedAssetId().isEmpty()) {
      return command;
    }
    return command.toBuilder()
        .setRequestBuild(request.toBuilder().setSuggestedAssetId(ulids.next(nowMillis)))
        .build();
  }
}
