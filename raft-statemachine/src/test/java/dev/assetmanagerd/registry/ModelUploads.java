package dev.assetmanagerd.registry;

import dev.assetmanagerd.log.v1.AppendUpload;
import dev.assetmanagerd.log.v1.CloseUpload;
import dev.assetmanagerd.log.v1.OpenUpload;
import dev.assetmanagerd.log.v1.RegisterAsset;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.UploadState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Uploads in plain maps. */
final class ModelUploads {
  private static final long HOUR = 3_600_000;

  /** Expired ones too, until they are swept up. */
  private final Map<String, UploadState> byId = new TreeMap<>();

  /** As text, in the order in which they came. */
  private final Map<String, List<String>> parts = new TreeMap<>();

  private final Model model;

  ModelUploads(Model model) {
    this.model = model;
  }

  private @Nullable UploadState live(String id) {
    UploadState upload = byId.get(id);
    return upload != null && upload.getExpiresAtMillis() > model.clock ? upload : null;
  }

  private @Nullable UploadState open(String id) {
    UploadState upload = live(id);
    return upload != null && upload.getAssetId().isEmpty() ? upload : null;
  }

  List<String> liveTexts() {
    return byId.keySet().stream()
        .map(this::live)
        .filter(Objects::nonNull)
        .map(upload -> Summaries.upload(upload) + " " + parts.get(upload.getId()))
        .toList();
  }

  String open(OpenUpload c) {
    if (c.getUploadId().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "upload_id");
    }
    if (!c.getChecksum().isEmpty() && c.getChecksum().length() != 64) {
      return Model.no(Rule.RULE_INVALID, "checksum");
    }
    if (c.getMaxBytes() < 0) {
      return Model.no(Rule.RULE_INVALID, "max_bytes");
    }
    if (c.getTtlMillis() < 1) {
      return Model.no(Rule.RULE_INVALID, "ttl_millis");
    }
    if (c.getDigestState().size() > 512) {
      return Model.no(Rule.RULE_INVALID, "digest_state");
    }
    if (byId.containsKey(c.getUploadId())) {
      return Model.no(Rule.RULE_INVALID, "upload_id");
    }
    UploadState upload =
        UploadState.newBuilder()
            .setId(c.getUploadId())
            .setMetadata(c.getMetadata())
            .setChecksum(c.getChecksum())
            .setDirect(c.getDirect())
            .setMaxBytes(c.getMaxBytes())
            .setTtlMillis(c.getTtlMillis())
            .setDigestState(c.getDigestState())
            .setExpiresAtMillis(model.after(c.getTtlMillis()))
            .build();
    byId.put(upload.getId(), upload);
    parts.put(upload.getId(), new ArrayList<>());
    return "opened " + Summaries.upload(upload);
  }

  String append(AppendUpload c) {
    if (c.getSizeBytes() < 1) {
      return Model.no(Rule.RULE_INVALID, "size_bytes");
    }
    if (c.getPartId().isEmpty()) {
      return Model.no(Rule.RULE_INVALID, "part_id");
    }
    UploadState upload = open(c.getUploadId());
    if (upload == null) {
      return Model.no(Rule.RULE_UPLOAD_NOT_FOUND, "upload_id");
    }
    if (upload.getDirect()) {
      return Model.no(Rule.RULE_INVALID, "upload_id");
    }
    List<String> those = Objects.requireNonNull(parts.get(upload.getId()));
    String part = c.getOffset() + "+" + c.getSizeBytes() + "=" + c.getPartId();
    if (those.contains(part)) {
      return "appended " + Summaries.upload(upload);
    }
    if (c.getOffset() != upload.getOffset()) {
      return Model.no(Rule.RULE_UPLOAD_OFFSET, "offset") + " " + upload.getOffset();
    }
    long end = c.getOffset() + c.getSizeBytes();
    if (end > upload.getMaxBytes()) {
      return Model.no(Rule.RULE_UPLOAD_FULL, "size_bytes");
    }
    those.add(part);
    UploadState longer =
        upload.toBuilder()
            .setOffset(end)
            .setDigestState(c.getDigestState())
            .setExpiresAtMillis(model.after(upload.getTtlMillis()))
            .build();
    byId.put(longer.getId(), longer);
    return "appended " + Summaries.upload(longer);
  }

  String close(CloseUpload c) {
    boolean closed = open(c.getUploadId()) != null;
    if (closed) {
      byId.remove(c.getUploadId());
    }
    return "closed upload " + closed;
  }

  /** What a registration is answered because of its upload; null where that is no hindrance. */
  @Nullable String instead(RegisterAsset c) {
    UploadState upload = live(c.getUploadId());
    if (upload == null) {
      return Model.no(Rule.RULE_UPLOAD_NOT_FOUND, "upload_id");
    }
    if (!upload.getAssetId().isEmpty()) {
      if (!model.assets.byId.containsKey(upload.getAssetId())) {
        return Model.no(Rule.RULE_ASSET_NOT_FOUND, "upload_id");
      }
      model.assets.blobs.reservations.remove(c.getReservationId());
      return "registered " + model.assets.text(upload.getAssetId()) + " existed";
    }
    return upload.getDirect() || upload.getOffset() == c.getAsset().getSizeBytes()
        ? null
        : Model.no(Rule.RULE_UPLOAD_OFFSET, "asset.size_bytes") + " " + upload.getOffset();
  }

  void became(String uploadId, String assetId) {
    UploadState upload = Objects.requireNonNull(open(uploadId));
    byId.put(
        uploadId,
        upload.toBuilder().setAssetId(assetId).setExpiresAtMillis(model.after(HOUR)).build());
    parts.put(uploadId, new ArrayList<>());
  }

  /** The clock has moved. */
  void sweep() {
    byId.values().stream()
        .filter(upload -> upload.getExpiresAtMillis() <= model.clock)
        .sorted(
            Comparator.comparing(UploadState::getExpiresAtMillis).thenComparing(UploadState::getId))
        .limit(2)
        .toList()
        .forEach(upload -> byId.remove(upload.getId()));
  }
}
