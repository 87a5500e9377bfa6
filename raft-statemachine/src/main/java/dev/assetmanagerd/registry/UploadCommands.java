package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.log.v1.AppendUpload;
import dev.assetmanagerd.log.v1.CloseUpload;
import dev.assetmanagerd.log.v1.OpenUpload;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.UploadAppended;
import dev.assetmanagerd.log.v1.UploadClosed;
import dev.assetmanagerd.log.v1.UploadOpened;
import dev.assetmanagerd.log.v1.UploadState;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Uploads that go on after a cut, on any node: what of their bytes is in the store, and in which
 * order.
 *
 * <p>Expired ones are as good as gone for every command, and their rows are taken away as the clock
 * moves. Nothing here deletes parts from the store: whoever closes an upload does, and what is left
 * is found by its having no open upload.
 */
final class UploadCommands {
  /** Uploads that may be open in the cluster at the same time. */
  static final int OPEN_MAX = 1_000;

  /** Parts of one upload. */
  static final int PARTS_MAX = 10_000;

  /** As much as the labels and names of an asset may take. */
  static final int METADATA_BYTES_MAX = 512 << 10;

  /** Several times what a digest of some bytes needs to be gone on with. */
  static final int DIGEST_STATE_BYTES_MAX = 512;

  /** How long one that has become an asset is remembered. */
  static final long COMPLETED_MILLIS = 3_600_000;

  /** Each may take thousands of parts with it. */
  private static final int PRUNED_MAX = 2;

  private static final String COUNT =
      "SELECT count(*) FROM uploads WHERE asset_id = '' AND expires_at > ?";
  private static final String EXISTS = "SELECT 1 FROM uploads WHERE id = ?";
  private static final String INSERT =
      """
      INSERT INTO uploads (id, metadata, checksum, direct, max_bytes, ttl_millis, offset_bytes,
        parts, digest_state, expires_at, asset_id)
      VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, '')
      """;
  private static final String SAME_PART =
      "SELECT 1 FROM upload_parts WHERE upload_id = ? AND offset_bytes = ? AND size_bytes = ?"
          + " AND part_id = ?";
  private static final String INSERT_PART =
      "INSERT INTO upload_parts (upload_id, offset_bytes, size_bytes, part_id)"
          + " VALUES (?, ?, ?, ?)";
  private static final String APPEND =
      "UPDATE uploads SET offset_bytes = ?, parts = parts + 1, digest_state = ?, expires_at = ?"
          + " WHERE id = ?";
  private static final String DELETE = "DELETE FROM uploads WHERE id = ?";
  private static final String DELETE_PARTS = "DELETE FROM upload_parts WHERE upload_id = ?";
  private static final String COMPLETE =
      "UPDATE uploads SET asset_id = ?, parts = 0, expires_at = ? WHERE id = ?";
  private static final String PRUNE =
      "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE expires_at <= ?"
          + " ORDER BY expires_at, id LIMIT ?)";

  private final Sql sql;
  private final UploadRows rows;

  UploadCommands(Sql sql) {
    this.sql = sql;
    this.rows = new UploadRows(sql);
  }

  Outcome open(OpenUpload command, EntryTime time) {
    Outcome malformed = malformed(command);
    if (malformed != null) {
      return malformed;
    }
    if (sql.first(EXISTS, row -> true, command.getUploadId()).isPresent()) {
      return Outcomes.invalid(
          "upload_id", "the upload \"" + command.getUploadId() + "\" exists already");
    }
    if (sql.integer(COUNT, time.clockMillis()) >= OPEN_MAX) {
      return Outcomes.rejected(
          Rule.RULE_TOO_MANY_UPLOADS,
          "",
          OPEN_MAX + " uploads are open already; try again when some of them have ended");
    }
    sql.updateOne(
        INSERT,
        command.getUploadId(),
        command.getMetadata().toByteArray(),
        command.getChecksum(),
        command.getDirect() ? 1 : 0,
        command.getMaxBytes(),
        command.getTtlMillis(),
        command.getDigestState().toByteArray(),
        ClusterTime.after(time.clockMillis(), command.getTtlMillis()));
    return Outcome.newBuilder()
        .setUploadOpened(UploadOpened.newBuilder().setUpload(now(command.getUploadId(), time)))
        .build();
  }

  Outcome append(AppendUpload command, EntryTime time) {
    Outcome malformed = malformed(command);
    if (malformed != null) {
      return malformed;
    }
    Optional<UploadRows.Found> found = rows.find(command.getUploadId(), time.clockMillis());
    if (found.isEmpty() || !found.get().isOpen()) {
      return notFound(command.getUploadId());
    }
    UploadState upload = found.get().state();
    if (upload.getDirect()) {
      return Outcomes.invalid("upload_id", "nothing is appended to a direct upload");
    }
    if (isRepeated(command)) {
      return appended(upload);
    }
    if (command.getOffset() != upload.getOffset()) {
      return atOtherOffset(upload, "offset", command.getOffset());
    }
    Outcome full = full(command, found.get());
    if (full != null) {
      return full;
    }
    sql.updateOne(
        INSERT_PART,
        command.getUploadId(),
        command.getOffset(),
        command.getSizeBytes(),
        command.getPartId());
    sql.updateOne(
        APPEND,
        upload.getOffset() + command.getSizeBytes(),
        command.getDigestState().toByteArray(),
        ClusterTime.after(time.clockMillis(), upload.getTtlMillis()),
        command.getUploadId());
    return appended(now(command.getUploadId(), time));
  }

  /** One that has become an asset stays remembered. */
  Outcome close(CloseUpload command, EntryTime time) {
    boolean open =
        rows.find(command.getUploadId(), time.clockMillis())
            .filter(UploadRows.Found::isOpen)
            .isPresent();
    if (open) {
      sql.updateOne(DELETE, command.getUploadId());
    }
    return Outcome.newBuilder().setUploadClosed(UploadClosed.newBuilder().setClosed(open)).build();
  }

  /** Why an upload cannot become this asset; null where it can. */
  @Nullable Outcome refusal(String uploadId, Asset wanted, EntryTime time) {
    Optional<UploadRows.Found> found = rows.find(uploadId, time.clockMillis());
    if (found.isEmpty() || !found.get().isOpen()) {
      return notFound(uploadId);
    }
    UploadState upload = found.get().state();
    if (!upload.getDirect() && upload.getOffset() != wanted.getSizeBytes()) {
      return atOtherOffset(upload, "asset.size_bytes", wanted.getSizeBytes());
    }
    return null;
  }

  /** The asset that an upload has become. */
  Optional<String> assetOf(String uploadId, EntryTime time) {
    return rows.find(uploadId, time.clockMillis())
        .map(found -> found.state().getAssetId())
        .filter(id -> !id.isEmpty());
  }

  /** An open upload has become an asset. */
  void complete(String uploadId, String assetId, EntryTime time) {
    sql.updateOne(
        COMPLETE, assetId, ClusterTime.after(time.clockMillis(), COMPLETED_MILLIS), uploadId);
    sql.update(DELETE_PARTS, uploadId);
  }

  /** Takes a few of those away that have expired. */
  void prune(long clockMillis) {
    sql.update(PRUNE, clockMillis, PRUNED_MAX);
  }

  private boolean isRepeated(AppendUpload command) {
    return sql.first(
            SAME_PART,
            row -> true,
            command.getUploadId(),
            command.getOffset(),
            command.getSizeBytes(),
            command.getPartId())
        .isPresent();
  }

  private UploadState now(String uploadId, EntryTime time) {
    return rows.find(uploadId, time.clockMillis()).orElseThrow().state();
  }

  private static Outcome appended(UploadState upload) {
    return Outcome.newBuilder()
        .setUploadAppended(UploadAppended.newBuilder().setUpload(upload))
        .build();
  }

  private static Outcome notFound(String uploadId) {
    return Outcomes.rejected(
        Rule.RULE_UPLOAD_NOT_FOUND,
        "upload_id",
        "no upload with the id \"" + uploadId + "\" is open");
  }

  private static Outcome atOtherOffset(UploadState upload, String field, long given) {
    return Outcome.newBuilder()
        .setRejection(
            Rejection.newBuilder()
                .setRule(Rule.RULE_UPLOAD_OFFSET)
                .setField(field)
                .setMessage(
                    "the upload goes on at offset %d, not at %d"
                        .formatted(upload.getOffset(), given))
                .setUploadOffset(upload.getOffset()))
        .build();
  }

  private static @Nullable Outcome full(AppendUpload command, UploadRows.Found found) {
    UploadState upload = found.state();
    if (command.getSizeBytes() > upload.getMaxBytes() - upload.getOffset()) {
      return Outcomes.rejected(
          Rule.RULE_UPLOAD_FULL,
          "size_bytes",
          "the upload may have %d bytes; it has %d, and %d more are too many"
              .formatted(upload.getMaxBytes(), upload.getOffset(), command.getSizeBytes()));
    }
    return found.parts() < PARTS_MAX
        ? null
        : Outcomes.rejected(
            Rule.RULE_UPLOAD_FULL,
            "upload_id",
            "the upload has come in %d pieces, which is as many as one may have"
                .formatted(PARTS_MAX));
  }

  private static @Nullable Outcome malformed(OpenUpload command) {
    if (command.getUploadId().isEmpty()) {
      return Outcomes.invalid("upload_id", "the upload has no id");
    }
    if (command.getMetadata().size() > METADATA_BYTES_MAX) {
      return Outcomes.invalid(
          "metadata",
          "has %d bytes; at most %d are allowed"
              .formatted(command.getMetadata().size(), METADATA_BYTES_MAX));
    }
    if (!command.getChecksum().isEmpty() && !BlobName.isChecksum(command.getChecksum())) {
      return Outcomes.invalid(
          "checksum", "\"" + command.getChecksum() + "\" is not a SHA-256 in lower-case hex");
    }
    if (command.getMaxBytes() < 0) {
      return Outcomes.invalid("max_bytes", command.getMaxBytes() + " is negative");
    }
    if (command.getTtlMillis() <= 0) {
      return Outcomes.invalid("ttl_millis", command.getTtlMillis() + " is not 1 or more");
    }
    return malformed(command.getDigestState().size());
  }

  private static @Nullable Outcome malformed(AppendUpload command) {
    if (command.getSizeBytes() <= 0) {
      return Outcomes.invalid("size_bytes", command.getSizeBytes() + " is not 1 or more");
    }
    if (command.getPartId().isEmpty()) {
      return Outcomes.invalid("part_id", "the part has no id");
    }
    return malformed(command.getDigestState().size());
  }

  private static @Nullable Outcome malformed(int digestStateBytes) {
    return digestStateBytes <= DIGEST_STATE_BYTES_MAX
        ? null
        : Outcomes.invalid(
            "digest_state",
            "has %d bytes; at most %d are allowed"
                .formatted(digestStateBytes, DIGEST_STATE_BYTES_MAX));
  }
}
