package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.BuildOptions;
import dev.assetmanagerd.api.v1.GarbageCollectRequest;
import dev.assetmanagerd.api.v1.ListAssetsRequest;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.QueryAssetsRequest;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.log.v1.AcquireAsset;
import dev.assetmanagerd.registry.AssetCursor;
import dev.assetmanagerd.registry.AssetQuery;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The rules for whole requests: everything that can be said without the registry and the store.
 * Each method returns what the request means, or throws {@code INVALID_ARGUMENT}.
 */
final class AssetRequests {
  static final int DEFAULT_PAGE_SIZE = 100;
  static final int MAX_PAGE_SIZE = 1000;
  static final int MAX_PREPARED = 64;

  private AssetRequests() {}

  /** The asset to be, without what only its bytes tell (location, size, checksum). */
  static Asset upload(UploadAssetMetadata metadata, AssetServiceOptions options) {
    Fields.size("size_bytes", metadata.getSizeBytes(), options.maxAssetBytes());
    return Asset.newBuilder()
        .setId(Fields.optionalId("id", metadata.getId()))
        .setName(Fields.requiredText("name", metadata.getName(), Fields.MAX_NAME_CHARS))
        .setType(Fields.type("type", metadata.getTypeValue()))
        .setStatus(AssetStatus.ASSET_STATUS_AVAILABLE)
        .setBackend(options.backend())
        .putAllLabels(Fields.labels("labels", metadata.getLabelsMap()))
        .setCreatedBy(caller("created_by", metadata.getCreatedBy()))
        .setBuildId(caller("build_id", metadata.getBuildId()))
        .setSourceImage(image(metadata.getSourceImage()))
        .build();
  }

  /**
   * The asset to be, with size and checksum as the caller gave them (0 and empty: not given), in a
   * backend that this node may have no store of.
   */
  static Asset register(RegisterAssetRequest request, AssetServiceOptions options) {
    return Asset.newBuilder()
        .setId(Fields.optionalId("id", request.getId()))
        .setName(Fields.requiredText("name", request.getName(), Fields.MAX_NAME_CHARS))
        .setType(Fields.type("type", request.getTypeValue()))
        .setStatus(AssetStatus.ASSET_STATUS_AVAILABLE)
        .setBackend(backend(request.getBackendValue(), options.backend()))
        .setLocation(
            Fields.requiredText("location", request.getLocation(), Fields.MAX_LOCATION_CHARS))
        .setSizeBytes(Fields.size("size_bytes", request.getSizeBytes(), options.maxAssetBytes()))
        .setChecksum(Fields.optionalChecksum("checksum", request.getChecksum()))
        .putAllLabels(Fields.labels("labels", request.getLabelsMap()))
        .setCreatedBy(caller("created_by", request.getCreatedBy()))
        .setBuildId(caller("build_id", request.getBuildId()))
        .setSourceImage(image(request.getSourceImage()))
        .build();
  }

  private static StorageBackend backend(int number, StorageBackend configured) {
    StorageBackend given = Fields.anyBackend("backend", number);
    return given == StorageBackend.STORAGE_BACKEND_UNSPECIFIED ? configured : given;
  }

  private static String caller(String field, String value) {
    return Fields.text(field, value, Fields.MAX_NAME_CHARS);
  }

  private static String image(String value) {
    return Fields.text("source_image", value, Fields.MAX_LOCATION_CHARS);
  }

  static AssetQuery list(ListAssetsRequest request) {
    return query(
        request.getTypeValue(),
        request.getStatusValue(),
        request.getLabelSelectorMap(),
        request.getPageSize(),
        request.getPageToken());
  }

  static AssetQuery query(QueryAssetsRequest request) {
    BuildOptions build = request.getBuildOptions();
    Fields.seconds("build_options.build_timeout_seconds", build.getBuildTimeoutSeconds());
    Fields.labels("build_options.build_labels", build.getBuildLabelsMap());
    Fields.optionalId("build_options.suggested_asset_id", build.getSuggestedAssetId());
    return query(
        request.getTypeValue(),
        request.getStatusValue(),
        request.getLabelSelectorMap(),
        request.getPageSize(),
        request.getPageToken());
  }

  private static AssetQuery query(
      int typeNumber,
      int statusNumber,
      Map<String, String> selector,
      int requestedPageSize,
      String pageToken) {
    AssetType type = Fields.anyType("type", typeNumber);
    AssetStatus status = Fields.anyStatus("status", statusNumber);
    Map<String, String> labels = Fields.labels("label_selector", selector);
    int pageSize = pageSize(requestedPageSize);
    @Nullable AssetCursor after =
        pageToken.isEmpty()
            ? null
            : PageToken.decode("page_token", pageToken, type, status, labels);
    return new AssetQuery(type, status, labels, after, pageSize);
  }

  static int pageSize(int requested) {
    if (requested < 0) {
      throw ApiErrors.invalid("page_size", "is " + requested + "; must not be negative");
    }
    return requested == 0 ? DEFAULT_PAGE_SIZE : Math.min(requested, MAX_PAGE_SIZE);
  }

  /**
   * @param sessionId the session that the lease is to live with
   */
  static AcquireAsset acquire(
      AcquireAssetRequest request, Optional<String> sessionId, LeaseLimits limits) {
    AcquireAsset.Builder command =
        AcquireAsset.newBuilder()
            .setAssetId(Fields.id("asset_id", request.getAssetId()))
            .setAcquiredBy(
                Fields.requiredText("acquired_by", request.getAcquiredBy(), Fields.MAX_NAME_CHARS));
    if (sessionId.isPresent()) {
      LeaseLimits.noTtlInSession("ttl_seconds", request.getTtlSeconds());
      return command.setSessionId(sessionId.get()).build();
    }
    return command.setTtlSeconds(limits.ttlSeconds("ttl_seconds", request.getTtlSeconds())).build();
  }

  /** For how long an asset must have been unused, in seconds. */
  static long collect(GarbageCollectRequest request, AssetServiceOptions options) {
    long seconds = Fields.seconds("max_age_seconds", request.getMaxAgeSeconds());
    return seconds == 0 ? options.garbage().maxAge().toSeconds() : seconds;
  }

  /** The ids to prepare. */
  static List<String> prepare(PrepareAssetsRequest request) {
    List<String> ids = request.getAssetIdsList();
    if (ids.isEmpty() || ids.size() > MAX_PREPARED) {
      throw ApiErrors.invalid(
          "asset_ids", "has " + ids.size() + " entries; 1 to " + MAX_PREPARED + " are allowed");
    }
    Set<String> seen = new HashSet<>();
    for (String id : ids) {
      Fields.id("asset_ids", id);
      if (!seen.add(id)) {
        throw ApiErrors.invalid("asset_ids", id, "is named twice");
      }
    }
    String target =
        Fields.requiredText("target_path", request.getTargetPath(), Fields.MAX_LOCATION_CHARS);
    if (!target.startsWith("/")) {
      throw ApiErrors.invalid("target_path", target, "must be an absolute path");
    }
    for (String name : target.split("/", -1)) {
      if (name.equals(".") || name.equals("..")) {
        throw ApiErrors.invalid("target_path", target, "must not have . or .. in it");
      }
    }
    Fields.text("prepared_for", request.getPreparedFor(), Fields.MAX_NAME_CHARS);
    return ids;
  }
}
