package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.importer.v1.OldAsset;
import dev.assetmanagerd.importer.v1.OldLease;
import dev.assetmanagerd.log.v1.ImportAssets;
import dev.assetmanagerd.log.v1.ImportLeases;
import dev.assetmanagerd.log.v1.ImportedLease;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.TimeUnit;

/**
 * What a row of a single-node daemon means here, by the rules that requests are held to; what
 * breaks one is refused by itself. Needs neither the registry nor the store. Immutable.
 */
final class OldRows {
  /** The end of the year 9999, Unix seconds: later times cannot be written as dates. */
  private static final long MAX_TIME = 253_402_300_799L;

  private final AssetServiceOptions options;
  private final boolean httpSources;

  /**
   * @param httpSources whether this node reads assets of the backend HTTP
   */
  OldRows(AssetServiceOptions options, boolean httpSources) {
    this.options = options;
    this.httpSources = httpSources;
  }

  ImportAssets.Item asset(OldAsset old) {
    ImportAssets.Item.Builder item = ImportAssets.Item.newBuilder().setInUse(old.getInUse());
    Asset row = old.getAsset();
    AssetStatus status = row.getStatus();
    if (status != AssetStatus.ASSET_STATUS_AVAILABLE && status != AssetStatus.ASSET_STATUS_ERROR) {
      return item.setRefused(Imports.refused(Reason.REASON_STATUS, statusRule(row))).build();
    }
    if (row.getBackend() == StorageBackend.STORAGE_BACKEND_HTTP && !httpSources) {
      return item.setRefused(
              Imports.refused(
                  Reason.REASON_BACKEND,
                  "backend: STORAGE_BACKEND_HTTP is not configured on this node; see"
                      + " UNKEY_ASSETMANAGERD_HTTP_SOURCE_HOSTS"))
          .build();
    }
    try {
      return item.setAsset(checked(row)).build();
    } catch (StatusRuntimeException e) {
      return item.setRefused(invalid(e)).build();
    }
  }

  private static String statusRule(Asset row) {
    return switch (row.getStatus()) {
      case ASSET_STATUS_UPLOADING -> "status: is UPLOADING: its upload never came to its end";
      case ASSET_STATUS_DELETING -> "status: is DELETING: the old daemon was deleting it";
      default ->
          "status: is " + row.getStatusValue() + ", which is neither AVAILABLE (2) nor ERROR (4)";
    };
  }

  private Asset checked(Asset row) {
    return Asset.newBuilder()
        .setId(Fields.id("id", row.getId()))
        .setName(Fields.requiredText("name", row.getName(), Fields.MAX_NAME_CHARS))
        .setType(Fields.type("type", row.getTypeValue()))
        .setStatus(row.getStatus())
        .setBackend(backend(row.getBackendValue()))
        .setLocation(Fields.requiredText("location", row.getLocation(), Fields.MAX_LOCATION_CHARS))
        .setSizeBytes(Fields.size("size_bytes", row.getSizeBytes(), options.maxAssetBytes()))
        .setChecksum(Fields.optionalChecksum("checksum", row.getChecksum()))
        .putAllLabels(Fields.labels("labels", row.getLabelsMap()))
        .setCreatedBy(Fields.text("created_by", row.getCreatedBy(), Fields.MAX_NAME_CHARS))
        .setCreatedAt(time("created_at", row.getCreatedAt()))
        .setLastAccessedAt(time("last_accessed_at", row.getLastAccessedAt()))
        .setBuildId(Fields.text("build_id", row.getBuildId(), Fields.MAX_NAME_CHARS))
        .setSourceImage(
            Fields.text("source_image", row.getSourceImage(), Fields.MAX_LOCATION_CHARS))
        .build();
  }

  /** Wherever the old daemon kept them: the files were copied to the store of the cluster. */
  private StorageBackend backend(int number) {
    StorageBackend old = Fields.anyBackend("backend", number);
    return old == StorageBackend.STORAGE_BACKEND_HTTP ? old : options.backend();
  }

  private static long time(String field, long seconds) {
    if (seconds < 0 || seconds > MAX_TIME) {
      throw ApiErrors.invalid(
          field, "is " + seconds + "; must be Unix seconds from 0 to " + MAX_TIME);
    }
    return seconds;
  }

  /**
   * @param nowMillis wall time
   */
  ImportLeases.Item lease(OldLease old, long nowMillis) {
    ImportLeases.Item.Builder item = ImportLeases.Item.newBuilder();
    if (old.hasExpiresAt() && isPast(old.getExpiresAt(), nowMillis)) {
      return item.setRefused(
              Imports.refused(
                  Reason.REASON_EXPIRED, "expires_at: " + old.getExpiresAt() + " has passed"))
          .build();
    }
    try {
      return item.setLease(checked(old, nowMillis)).build();
    } catch (StatusRuntimeException e) {
      return item.setRefused(invalid(e)).build();
    }
  }

  private static boolean isPast(long seconds, long nowMillis) {
    return seconds <= TimeUnit.MILLISECONDS.toSeconds(nowMillis);
  }

  private ImportedLease checked(OldLease old, long nowMillis) {
    ImportedLease.Builder lease =
        ImportedLease.newBuilder()
            .setId(Fields.id("id", old.getId()))
            .setAssetId(Fields.id("asset_id", old.getAssetId()))
            .setAcquiredBy(LeaseRequests.holder(old.getAcquiredBy()))
            .setAcquiredAt(time("acquired_at", old.getAcquiredAt()));
    if (!old.hasExpiresAt()) {
      options.leases().checkEndless("expires_at");
      return lease.build();
    }
    long expiresAt = time("expires_at", old.getExpiresAt());
    long remainingMillis = expiresAt * 1000 - nowMillis;
    var unused = options.leases().renewalSeconds("expires_at (from now)", remainingMillis / 1000);
    return lease
        .setRemainingMillis(remainingMillis)
        .setTtlMillis(1000 * ttlSeconds(old, remainingMillis))
        .build();
  }

  /** What it was taken for, so that renewing it gives as much again; no more than is allowed. */
  private long ttlSeconds(OldLease old, long remainingMillis) {
    long taken = old.getExpiresAt() - old.getAcquiredAt();
    long seconds = taken > 0 ? taken : Math.max(1, remainingMillis / 1000);
    return options.leases().atMostAllowed(seconds);
  }

  private static ImportResult invalid(StatusRuntimeException broken) {
    return Imports.refused(Reason.REASON_INVALID, broken.getStatus().getDescription());
  }
}
