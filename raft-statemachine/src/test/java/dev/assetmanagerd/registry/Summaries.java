package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.Session;
import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.UploadPart;
import dev.assetmanagerd.log.v1.UploadState;
import java.util.List;
import java.util.stream.Collectors;

/** What of an outcome the {@link Model} predicts, as text. */
final class Summaries {
  private Summaries() {}

  static String of(Outcome outcome) {
    return (outcome.getReplayed() ? "again: " : "") + first(outcome);
  }

  private static String first(Outcome o) {
    return switch (o.getKindCase()) {
      case REJECTION ->
          "no: "
              + o.getRejection().getRule()
              + " "
              + o.getRejection().getField()
              + (o.getRejection().getRule() == Rule.RULE_UPLOAD_OFFSET
                  ? " " + o.getRejection().getUploadOffset()
                  : "");
      case ASSET_REGISTERED ->
          "registered "
              + asset(o.getAssetRegistered().getAsset())
              + (o.getAssetRegistered().getExisted() ? " existed" : "");
      case LEASE_GRANTED ->
          "granted "
              + o.getLeaseGranted().getLeaseId()
              + " on "
              + asset(o.getLeaseGranted().getAsset());
      case LEASES_GRANTED ->
          "granted "
              + o.getLeasesGranted().getLeaseIdsList()
              + " on "
              + texts(o.getLeasesGranted().getAssetsList(), Summaries::asset);
      case LEASE_RELEASED ->
          "released "
              + (o.getLeaseReleased().hasAsset() ? asset(o.getLeaseReleased().getAsset()) : "gone");
      case LEASES_RELEASED ->
          "released "
              + o.getLeasesReleased().getLeaseIdsList()
              + more(o.getLeasesReleased().getMore());
      case LEASES_RENEWED ->
          "renewed "
              + texts(o.getLeasesRenewed().getRenewedList(), Summaries::lease)
              + " not "
              + o.getLeasesRenewed().getNotFoundIdsList();
      case LEASES_ATTACHED ->
          "attached "
              + texts(o.getLeasesAttached().getAttachedList(), Summaries::lease)
              + " not "
              + o.getLeasesAttached().getNotFoundIdsList();
      case LEASES_EXPIRED ->
          "expired " + o.getLeasesExpired().getCount() + more(o.getLeasesExpired().getMore());
      case SESSION_KEPT -> "kept " + session(o.getSessionKept().getSession());
      case SESSION_CLOSED -> "closed " + o.getSessionClosed().getLeasesEnded();
      default -> other(o);
    };
  }

  private static String other(Outcome o) {
    return switch (o.getKindCase()) {
      case DELETION_MARKED ->
          "marked "
              + texts(o.getDeletionMarked().getMarkedList(), Summaries::asset)
              + " not "
              + texts(
                  o.getDeletionMarked().getRefusedList(),
                  r -> r.getAssetId() + " " + r.getWhy() + " " + r.getLeaseCount())
              + " freed "
              + o.getDeletionMarked().getBytesFreed();
      case ASSETS_PURGED -> "purged " + o.getAssetsPurged().getAssetIdsList();
      case ASSETS_TOUCHED -> "touched " + o.getAssetsTouched().getCount();
      case BLOB_RESERVED ->
          "reserved "
              + o.getBlobReserved().getReservationId()
              + " "
              + o.getBlobReserved().getLocation()
              + (o.getBlobReserved().getStored() ? " stored" : "");
      case BLOBS_CONDEMNED -> "condemned " + o.getBlobsCondemned().getLocationsList();
      case BLOBS_FORGOTTEN -> "forgotten " + o.getBlobsForgotten().getLocationsList();
      case BLOBS_NOTED ->
          "noted "
              + o.getBlobsNoted().getBecameMissing()
              + " "
              + o.getBlobsNoted().getBecameAvailable();
      case BUILD_REQUESTED ->
          o.getBuildRequested().hasBuild()
              ? "build "
                  + build(o.getBuildRequested().getBuild())
                  + (o.getBuildRequested().getCreated() ? " created" : "")
              : "asset " + o.getBuildRequested().getAssetId();
      case BUILD_ADVANCED ->
          "advanced "
              + o.getBuildAdvanced().getAdvanced()
              + " "
              + build(o.getBuildAdvanced().getBuild());
      case BACKUP_BEGUN -> "begun " + backup(o.getBackupBegun().getBackup());
      case BACKUP_COMPLETED -> "completed " + backup(o.getBackupCompleted().getBackup());
      case BACKUP_FORGOTTEN ->
          o.getBackupForgotten().hasBackup()
              ? "forgetting " + backup(o.getBackupForgotten().getBackup())
              : "forgotten";
      case BACKUPS_TENDED ->
          "tended "
              + o.getBackupsTended().getBackupIdsList()
              + " released "
              + o.getBackupsTended().getReleasedBlobs()
              + " condemned "
              + o.getBackupsTended().getCondemnedBlobs()
              + more(o.getBackupsTended().getMore());
      case UPLOAD_OPENED -> "opened " + upload(o.getUploadOpened().getUpload());
      case UPLOAD_APPENDED -> "appended " + upload(o.getUploadAppended().getUpload());
      case ASSETS_IMPORTED ->
          "imported " + texts(o.getAssetsImported().getResultsList(), Summaries::result);
      case LEASES_IMPORTED ->
          "imported " + texts(o.getLeasesImported().getResultsList(), Summaries::result);
      case FORMAT_LEVEL_RAISED ->
          "raised from "
              + o.getFormatLevelRaised().getFromLevel()
              + " to "
              + o.getFormatLevelRaised().getLevel();
      case UPLOAD_CLOSED -> "closed upload " + o.getUploadClosed().getClosed();
      case REPLICAS_CHECKED -> "checked";
      case MEMBER_NOTED -> "member noted " + o.getMemberNoted().getAdded();
      default -> throw new AssertionError("no summary of " + o);
    };
  }

  private static String result(ImportResult result) {
    return result.getVerdict() + " " + result.getReason();
  }

  static String backup(Backup backup) {
    return String.join(
        " ",
        backup.getId(),
        backup.getState().name(),
        "number=" + backup.getNumber(),
        backup.getLineage(),
        backup.getLocation(),
        "keep=" + backup.getKeepMillis(),
        "expires=" + backup.getExpiresAtMillis(),
        "begun=" + backup.getBegunAt(),
        "completed=" + backup.getCompletedAt(),
        "index=" + backup.getLogIndex(),
        "size=" + backup.getSizeBytes());
  }

  static String upload(UploadState upload) {
    return String.join(
        " ",
        upload.getId(),
        "metadata=" + upload.getMetadata().toStringUtf8(),
        "checksum=" + upload.getChecksum(),
        "direct=" + upload.getDirect(),
        "max=" + upload.getMaxBytes(),
        "ttl=" + upload.getTtlMillis(),
        "offset=" + upload.getOffset(),
        "digest=" + upload.getDigestState().toStringUtf8(),
        "expires=" + upload.getExpiresAtMillis(),
        "asset=" + upload.getAssetId());
  }

  static String part(UploadPart part) {
    return part.getOffset() + "+" + part.getSizeBytes() + "=" + part.getPartId();
  }

  static String more(boolean more) {
    return more ? " and more" : "";
  }

  static String asset(Asset asset) {
    return String.join(
        " ",
        asset.getId(),
        asset.getStatus().name(),
        asset.getLocation(),
        "leases=" + asset.getReferenceCount(),
        "used=" + asset.getLastAccessedAt());
  }

  static String lease(Lease lease) {
    return String.join(
        " ",
        lease.getId(),
        lease.getAssetId(),
        lease.getAcquiredBy(),
        "ttl=" + lease.getTtlSeconds(),
        "left=" + lease.getExpiresInMillis(),
        lease.getSessionId());
  }

  static String session(Session session) {
    return String.join(
        " ",
        session.getId(),
        session.getHost(),
        "ttl=" + session.getTtlMillis(),
        "grace=" + session.getGraceMillis(),
        "left=" + session.getExpiresInMillis(),
        "leases=" + session.getLeaseCount());
  }

  static String build(Build build) {
    return String.join(
        " ",
        build.getKey().substring(0, 1),
        build.getState().name(),
        "attempt=" + build.getAttempt(),
        "build=" + build.getBuildId(),
        "asset=" + build.getAssetId(),
        "error=" + build.getError(),
        "percent=" + build.getPercent(),
        "failures=" + build.getFailures(),
        "since=" + build.getSinceMillis(),
        "deadline=" + build.getDeadlineMillis(),
        "notbefore=" + build.getNotBeforeMillis());
  }

  private static <T> String texts(
      List<T> items, java.util.function.Function<? super T, String> text) {
    return items.stream().map(text).collect(Collectors.joining(", ", "[", "]"));
  }
}
