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

/**
 * The registry as of one log position. Everything asked of one view is answered from the same
 * snapshot, while the writer goes on undisturbed.
 *
 * <p>Valid only inside the callback it is handed to, and only on that thread. Failures of the
 * database surface as {@link RegistryException}.
 */
public interface RegistryView {
  /** The last log entry this view contains. */
  LogPosition applied();

  /** The format level that the registry is at; see {@link FormatLevels}. */
  int formatLevel();

  /** Ids of the nodes that have ever taken part, in order; none below format level 3. */
  List<String> notedMembers();

  /** The cluster clock, milliseconds. */
  long clusterTimeMillis();

  /** The asset of this id in whatever status, DELETING included. */
  Optional<Asset> asset(String id);

  /** The assets of these ids that exist, DELETING included, in no particular order. */
  List<Asset> assets(Collection<String> ids);

  /**
   * One page of a listing. Its cost does not grow with the number of assets nor with the depth of
   * the page, but for this: of the rarest label asked for, assets without the other labels have to
   * be passed over one by one, and two labels that are frequent but never met on one asset have the
   * whole of the rarer one passed over.
   *
   * @throws IllegalArgumentException when the query asks for more than 64 labels
   */
  AssetPage list(AssetQuery query);

  /**
   * AVAILABLE and ERROR assets that no lease holds and that were last used before a time, by id.
   * Walks the assets in that order until {@code limit} are found, so a call that finds few reads
   * many; continuing behind the last one found, a whole collection walks them once.
   *
   * <p>A lease that has expired on the cluster clock counts as gone, so that a dry run says what a
   * real run does, which ends expired leases first.
   *
   * @param lastAccessedBefore Unix seconds, exclusive
   * @param after continue behind this asset, one that was returned before; null from the start
   * @param limit at most this many
   */
  List<Asset> collectable(long lastAccessedBefore, @Nullable Asset after, int limit);

  /** The lease of this id, unless it has ended or expired on the cluster clock. */
  Optional<Lease> lease(String id);

  /** Leases that have not expired on the cluster clock, by id. */
  List<Lease> leases(LeaseQuery query);

  /** The session of this id, unless it has ended or expired on the cluster clock. */
  Optional<Session> session(String id);

  /**
   * Sessions that have not expired on the cluster clock, by id.
   *
   * @param afterId continue behind this id; null from the start
   * @param limit at most this many
   */
  List<Session> sessions(@Nullable String afterId, int limit);

  /**
   * Number of leases that have expired on the cluster clock, by themselves or with their session,
   * and not been ended yet.
   */
  int expiredLeases();

  /**
   * Whether a lease or a session has expired on the cluster clock and not been ended yet. A session
   * may have expired without a lease.
   */
  boolean expiryDue();

  /**
   * Those of some checksums that an asset with a lease has; a lease that has expired and not been
   * ended yet counts.
   *
   * @param checksums each is looked up
   */
  List<String> leasedChecksums(Collection<String> checksums);

  /** Whether anything has an end to reach, that is, whether the cluster clock has to move. */
  boolean hasDeadlines();

  /** DELETING assets, by id, at most {@code limit}. */
  List<Asset> deleting(int limit);

  /** Whether another asset than {@code exceptId}, of whatever status, refers to this blob. */
  boolean blobInUse(StorageBackend backend, String location, String exceptId);

  /** Number of assets that refer to this blob and are not DELETING. */
  int liveReferences(StorageBackend backend, String location);

  /** Blobs that are to be deleted from their stores, by backend and location. */
  List<BlobRef> condemned(int limit);

  /** Whether a blob is to be deleted: no record can refer to it any more. */
  boolean isCondemned(StorageBackend backend, String location);

  /** Whether the bytes of an upload that has not come to its end are promised to be there. */
  boolean isReserved(StorageBackend backend, String location);

  /**
   * Those of some locations that no record of whatever status and no live reservation refers to,
   * and that are neither condemned nor kept for a backup; in the order given. The name of a blob
   * that was deleted is among them, should there be bytes under it again.
   *
   * @param locations a page of a store's listing; each is looked up
   */
  List<String> unreferenced(StorageBackend backend, Collection<String> locations);

  /**
   * Assets that are AVAILABLE or ERROR and have their bytes in a backend, by id. Walks the assets
   * in that order, so a call for a backend that few of them use reads many.
   *
   * @param afterId continue behind this id; null from the start
   * @param limit at most this many
   */
  List<Asset> stored(StorageBackend backend, @Nullable String afterId, int limit);

  /**
   * Where AVAILABLE and ERROR assets have their bytes in a backend, each location once, in the
   * order of locations: that of their digests, for blobs of our own.
   *
   * @param after continue behind this location; empty from the start
   * @param limit at most this many
   */
  List<String> storedLocations(StorageBackend backend, String after, int limit);

  /** AVAILABLE and ERROR assets that have their bytes at a location, in no order. */
  List<Asset> storedAt(StorageBackend backend, String location, int limit);

  /** The build of this key, unfinished, or ended within the last seven days of cluster time. */
  Optional<Build> build(String key);

  /** Builds that are neither COMPLETED nor FAILED, the longest in their state first. */
  List<Build> unfinishedBuilds(int limit);

  /**
   * Builds of whatever state, by key.
   *
   * @param afterKey continue behind this key; null from the start
   * @param limit at most this many
   */
  List<Build> builds(@Nullable String afterKey, int limit);

  /** The upload of this id: open, or remembered because it has become an asset. */
  Optional<UploadState> upload(String id);

  /** Where the bytes of an open upload are, in order and without a gap. */
  List<UploadPart> uploadParts(String uploadId);

  /** Those of some ids that belong to no open upload, in the order given. */
  List<String> uploadsNotOpen(Collection<String> ids);

  /**
   * What a command with this idempotency key would be answered without being applied: the outcome
   * of an earlier one, marked as replayed, or a rejection where the key came with another request.
   * Empty where it would be applied.
   */
  Optional<Outcome> reply(IdempotencyKey key);

  /**
   * What importing these assets would come to, each by itself. To be asked of a registry of format
   * level 3 or higher.
   */
  ImportPreview previewImport(ImportAssets command);

  /**
   * What importing these leases would come to, each by itself. To be asked of a registry of format
   * level 3 or higher.
   *
   * @param planned ids of assets that count as AVAILABLE although they are not there yet
   */
  ImportPreview previewImport(ImportLeases command, Predicate<String> planned);

  /** The backups that are known, the earliest first; as many as there may be at most. */
  List<Backup> backups();

  /** Whether there is any backup, or any blob that was kept for one. */
  boolean backupsToTend();

  /** How much there is. Reads much of it. */
  RegistryCounts counts();

  /**
   * Hands over where AVAILABLE and ERROR assets have their bytes, in whatever backend, one after
   * the other in the order of locations. Each is named once; where records of one place disagree,
   * once for each way.
   */
  void eachStored(Consumer<StoredBlob> consumer);

  /** Lower-case hexadecimal SHA-256 over all replicated rows, in key order. Reads everything. */
  String stateHash();
}
