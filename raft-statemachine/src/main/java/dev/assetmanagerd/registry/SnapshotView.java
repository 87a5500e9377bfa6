package dev.assetmanagerd.registry;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.Session;
import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.log.v1.Build;
import dev.assetmanagerd.log.v1.IdempotencyKey;
import dev.assetmanagerd.log.v1.ImportAssets;
import dev.assetmanagerd.log.v1.ImportLeases;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.UploadPart;
import dev.assetmanagerd.log.v1.UploadState;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The view of one read transaction. */
final class SnapshotView implements RegistryView {
  private static final String LEASED_CHECKSUM =
      "SELECT 1 FROM assets WHERE checksum = ? AND lease_count > 0 LIMIT 1";
  private static final String EXPIRED_LEASES =
      "SELECT (SELECT count(*) FROM leases WHERE expires_at <= ?1)"
          + " + (SELECT coalesce(sum(lease_count), 0) FROM sessions WHERE expires_at <= ?1)";
  private static final String EXPIRY_DUE =
      "SELECT 1 WHERE EXISTS (SELECT 1 FROM leases WHERE expires_at <= ?1)"
          + " OR EXISTS (SELECT 1 FROM sessions WHERE expires_at <= ?1)";
  private static final String DEADLINE =
      "SELECT 1 WHERE EXISTS (SELECT 1 FROM leases WHERE expires_at IS NOT NULL)"
          + " OR EXISTS (SELECT 1 FROM sessions)";
  private static final String DELETING =
      "SELECT " + AssetRows.COLUMNS + " FROM assets AS a WHERE a.status = 3 ORDER BY a.id LIMIT ?";
  private static final String BLOB_IN_USE =
      "SELECT 1 FROM assets WHERE location = ? AND backend = ? AND id <> ? LIMIT 1";
  private static final String LIVE_REFERENCES =
      "SELECT count(*) FROM assets WHERE location = ? AND backend = ? AND status <> 3";

  private final Sql sql;
  private final Progress progress;
  private boolean closed;

  /** For a connection on which a read transaction has just begun; this fixes its snapshot. */
  SnapshotView(Sql sql) {
    this.sql = sql;
    this.progress = Progress.read(sql);
  }

  /** The transaction is over: what is read from now on would be of another snapshot. */
  void close() {
    closed = true;
  }

  private Sql open() {
    if (closed) {
      throw new IllegalStateException("the view was used after its read had ended");
    }
    return sql;
  }

  @Override
  public LogPosition applied() {
    return progress.applied();
  }

  @Override
  public int formatLevel() {
    return Migrations.level(open());
  }

  @Override
  public List<String> notedMembers() {
    return formatLevel() < 3 ? List.of() : new MemberNotes(open()).all();
  }

  @Override
  public long clusterTimeMillis() {
    return progress.clusterTimeMillis();
  }

  @Override
  public Optional<Asset> asset(String id) {
    return AssetRows.find(open(), id).map(Asset.Builder::build);
  }

  @Override
  public List<Asset> assets(Collection<String> ids) {
    return AssetRows.findAll(open(), ids);
  }

  @Override
  public AssetPage list(AssetQuery query) {
    return new Listing(open()).page(query);
  }

  @Override
  public List<Asset> collectable(long lastAccessedBefore, @Nullable Asset after, int limit) {
    return Collectable.page(open(), lastAccessedBefore, after, progress.clusterTimeMillis(), limit);
  }

  @Override
  public Optional<Lease> lease(String id) {
    long clock = progress.clusterTimeMillis();
    return LeaseRow.findLive(open(), id, clock).map(lease -> lease.toMessage(clock));
  }

  @Override
  public List<Lease> leases(LeaseQuery query) {
    return LeaseRow.list(open(), query, progress.clusterTimeMillis());
  }

  @Override
  public Optional<Session> session(String id) {
    long clock = progress.clusterTimeMillis();
    return SessionRow.findLive(open(), id, clock).map(session -> session.toMessage(clock));
  }

  @Override
  public List<Session> sessions(@Nullable String afterId, int limit) {
    String after = afterId == null ? "" : afterId;
    return SessionRow.list(open(), after, limit, progress.clusterTimeMillis());
  }

  @Override
  public boolean expiryDue() {
    return open().first(EXPIRY_DUE, row -> true, progress.clusterTimeMillis()).isPresent();
  }

  @Override
  public int expiredLeases() {
    return Math.toIntExact(open().integer(EXPIRED_LEASES, progress.clusterTimeMillis()));
  }

  @Override
  public List<String> leasedChecksums(Collection<String> checksums) {
    Sql reading = open();
    return checksums.stream()
        .filter(checksum -> reading.first(LEASED_CHECKSUM, row -> true, checksum).isPresent())
        .toList();
  }

  @Override
  public boolean hasDeadlines() {
    return open().first(DEADLINE, row -> true).isPresent()
        || new UploadRows(sql).any()
        || new BlobQueries(sql).hasDeadlines(progress.clusterTimeMillis());
  }

  @Override
  public List<Asset> deleting(int limit) {
    return AssetRows.withLabels(sql, open().list(DELETING, AssetRows::fromRow, limit));
  }

  @Override
  public boolean blobInUse(StorageBackend backend, String location, String exceptId) {
    return open()
        .first(BLOB_IN_USE, row -> true, location, backend.getNumber(), exceptId)
        .isPresent();
  }

  @Override
  public int liveReferences(StorageBackend backend, String location) {
    return Math.toIntExact(open().integer(LIVE_REFERENCES, location, backend.getNumber()));
  }

  @Override
  public List<BlobRef> condemned(int limit) {
    return new BlobQueries(open()).condemned(limit);
  }

  @Override
  public boolean isCondemned(StorageBackend backend, String location) {
    return new BlobQueries(open()).isCondemned(backend, location);
  }

  @Override
  public boolean isReserved(StorageBackend backend, String location) {
    return new BlobQueries(open()).isReserved(backend, location, progress.clusterTimeMillis());
  }

  @Override
  public List<String> unreferenced(StorageBackend backend, Collection<String> locations) {
    return new BlobQueries(open())
        .unreferenced(backend, locations, progress.clusterTimeMillis(), formatLevel());
  }

  @Override
  public List<Asset> stored(StorageBackend backend, @Nullable String afterId, int limit) {
    return new BlobQueries(open()).stored(backend, afterId, limit);
  }

  @Override
  public List<String> storedLocations(StorageBackend backend, String after, int limit) {
    return new BlobQueries(open()).storedLocations(backend, after, limit);
  }

  @Override
  public List<Asset> storedAt(StorageBackend backend, String location, int limit) {
    return new BlobQueries(open()).storedAt(backend, location, limit);
  }

  @Override
  public Optional<Build> build(String key) {
    return new BuildRows(open()).find(key);
  }

  @Override
  public List<Build> unfinishedBuilds(int limit) {
    return new BuildRows(open()).unfinished(limit);
  }

  @Override
  public List<Build> builds(@Nullable String afterKey, int limit) {
    return new BuildRows(open()).page(afterKey == null ? "" : afterKey, limit);
  }

  @Override
  public Optional<UploadState> upload(String id) {
    return new UploadRows(open())
        .find(id, progress.clusterTimeMillis())
        .map(UploadRows.Found::state);
  }

  @Override
  public List<UploadPart> uploadParts(String uploadId) {
    return new UploadRows(open()).parts(uploadId);
  }

  @Override
  public List<String> uploadsNotOpen(Collection<String> ids) {
    return new UploadRows(open()).notOpen(ids, progress.clusterTimeMillis());
  }

  @Override
  public Optional<Outcome> reply(IdempotencyKey key) {
    return Optional.ofNullable(new Replies(open()).instead(key, progress.clusterTimeMillis()));
  }

  @Override
  public ImportPreview previewImport(ImportAssets command) {
    return new ImportPreviews(open()).of(command, progress.clusterTimeMillis());
  }

  @Override
  public ImportPreview previewImport(ImportLeases command, Predicate<String> planned) {
    return new ImportPreviews(open()).of(command, progress.clusterTimeMillis(), planned);
  }

  @Override
  public List<Backup> backups() {
    return formatLevel() < BackupSchema.LEVEL ? List.of() : new BackupRows(open()).all();
  }

  @Override
  public boolean backupsToTend() {
    return formatLevel() >= BackupSchema.LEVEL && new BackupRows(open()).anything();
  }

  @Override
  public RegistryCounts counts() {
    return new RegistryCounts(
        open().integer("SELECT count(*) FROM assets"),
        sql.integer("SELECT count(*) FROM leases"),
        sql.integer("SELECT count(*) FROM sessions"));
  }

  @Override
  public void eachStored(Consumer<StoredBlob> consumer) {
    new BlobQueries(open()).eachStored(consumer);
  }

  @Override
  public String stateHash() {
    return StateHash.of(open());
  }
}
