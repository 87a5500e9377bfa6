package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.NoteBlobs;
import dev.assetmanagerd.log.v1.ReserveBlob;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import dev.assetmanagerd.storage.cache.LocalBlob;
import dev.assetmanagerd.storage.cache.LocalBlobs;
import dev.assetmanagerd.storage.cache.WantedBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes blobs of the store good of copies in the caches of the nodes.
 *
 * <p>Before a blob is set aside, two things are done. A copy is fetched and verified, so that it is
 * known what comes in its place; and the registry notes that the assets lack their bytes. So
 * however this is cut short, by a store that does not answer or by another leader, nobody is given
 * a blob that is not there, and whoever scrubs next sees what is to be made good.
 *
 * <p>While a blob is put, the registry keeps its name reserved, so that no deletion begins. One
 * that had begun before, and ends after the blob was made again, leaves nothing; one that ends
 * before leaves a blob that nothing refers to, whose name is not given away again, and the sweep
 * takes it.
 */
final class StoreRepair {
  private static final Logger log = LoggerFactory.getLogger(StoreRepair.class);
  private static final int BUFFER_BYTES = 256 << 10;
  private static final int MAX_ASSETS = 1000;

  private final LeaderRegistry registry;
  private final LeaderTerm leader;
  private final StorageBackend backend;
  private final BlobStore store;
  private final LocalCopies copies;
  private final String nodeId;
  private final Duration reservation;
  private final Duration timeout;

  /**
   * @param copies the caches
   * @param nodeId of this node
   * @param reservation longer than a store takes to take in a blob, as a rule
   * @param timeout how long a copy may take to come from another node
   */
  StoreRepair(
      LeaderRegistry registry,
      LeaderTerm leader,
      StorageBackend backend,
      BlobStore store,
      LocalCopies copies,
      String nodeId,
      Duration reservation,
      Duration timeout) {
    this.registry = registry;
    this.leader = leader;
    this.backend = backend;
    this.store = store;
    this.copies = copies;
    this.nodeId = nodeId;
    this.reservation = reservation;
    this.timeout = timeout;
  }

  /** Ids of those that are known to lack their bytes. */
  static List<String> errors(List<Asset> assets) {
    return ids(assets, AssetStatus.ASSET_STATUS_ERROR);
  }

  private static List<String> available(List<Asset> assets) {
    return ids(assets, AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  private static List<String> ids(List<Asset> assets) {
    return assets.stream().map(Asset::getId).toList();
  }

  private static List<String> ids(List<Asset> assets, AssetStatus status) {
    return assets.stream().filter(asset -> asset.getStatus() == status).map(Asset::getId).toList();
  }

  /** All that have their bytes at a location. */
  List<Asset> assetsAt(String location) {
    return registry.query(view -> view.storedAt(backend, location, MAX_ASSETS));
  }

  /**
   * The right bytes of a blob, of this node's cache or another's.
   *
   * @param assets all that have their bytes there, one or more
   * @throws BlobStoreUnavailableException when the store does not take them
   */
  Replacement fetch(String location, List<Asset> assets) throws BlobStoreUnavailableException {
    Sha256 digest = new Sha256(assets.get(0).getChecksum());
    if (!digest.isLocation(location)) {
      return Replacement.none("it is in a place of its own; put the right bytes there by hand");
    }
    if (copies.cache().isEmpty()) {
      return Replacement.none("the nodes have no caches");
    }
    try {
      return fetch(copies.cache().get(), digest, assets.get(0).getSizeBytes());
    } catch (BlobStoreUnavailableException e) {
      throw e;
    } catch (IOException e) {
      return Replacement.none(e.toString());
    }
  }

  private Replacement fetch(LocalBlobs cache, Sha256 digest, long sizeBytes) throws IOException {
    // The node's own copy may have rotted, too; then that of another node comes in its place.
    var unused = cache.verify(digest);
    WantedBlob wanted = new WantedBlob(digest, sizeBytes, copies.peers().apply(digest));
    Spool spool = null;
    try (LocalBlob copy = cache.hold(wanted, timeout)) {
      spool = Spool.open(store, nodeId, sizeBytes, Runnable::run);
      SpooledFile staged = copy(copy.path(), spool);
      if (staged.digest().equals(digest) && staged.sizeBytes() == sizeBytes) {
        Replacement found = Replacement.of(staged.path(), spool);
        spool = null;
        return found;
      }
      throw new IOException("the copy on this node has rotted while it was read");
    } finally {
      if (spool != null) {
        spool.close();
      }
    }
  }

  /**
   * Makes a blob again that is not there.
   *
   * @return whether it is there now
   */
  boolean restore(long term, String location) throws IOException {
    List<Asset> assets = assetsAt(location);
    if (assets.isEmpty() || store.stat(location).isPresent()) {
      return false; // deleted since, or there again: the next round looks at it
    }
    noteMissing(term, available(assets));
    try (Replacement replacement = fetch(location, assets)) {
      return put(term, location, assets, replacement);
    }
  }

  /**
   * Sets a blob aside and makes it again, where there is anything to make it of. Does nothing to
   * one that has changed meanwhile, or whose bytes somebody is about to put there and relies on.
   *
   * @param wrong what the store said of it before it was read
   * @return whether the right bytes are there now
   */
  boolean exchange(long term, BlobStat wrong, Replacement replacement) throws IOException {
    String location = wrong.location();
    registry.awaitLinearizable();
    requireLeading(term);
    List<Asset> assets = assetsAt(location);
    if (assets.isEmpty() || isReserved(location) || isAnother(wrong)) {
      log.warn("the blob {} is wrong, and just being uploaded or deleted; it is left", location);
      return false;
    }
    List<String> noted = available(assets);
    noteMissing(term, noted);
    requireLeading(term);
    if (isReserved(location)) {
      noteFound(term, noted);
      return false;
    }
    boolean aside = store.setAside(wrong, replacement.isThere());
    if (!aside && store.stat(location).isPresent()) {
      noteFound(term, noted); // somebody has put it again
      return false;
    }
    log.error("the blob {} of assets {} is set aside", location, ids(assets));
    return put(term, location, assets, replacement);
  }

  private boolean put(long term, String location, List<Asset> assets, Replacement replacement)
      throws IOException {
    if (replacement.isThere()) {
      Asset asset = assets.get(0);
      Sha256 digest = new Sha256(asset.getChecksum());
      hold(term, digest, asset.getSizeBytes());
      store.put(replacement.staged().get(), location, digest, asset.getSizeBytes());
      log.info("the blob {} is in the store again, with the right bytes", location);
    } else if (!isThere(location, assets)) {
      log.error(
          "the blob {} cannot be made again, assets {} are without their bytes: {}",
          location,
          ids(assets),
          replacement.reason());
      noteMissing(term, available(assetsAt(location)));
      return false;
    }
    noteFound(term, errors(assetsAt(location)));
    return true;
  }

  /** Somebody may have put it while a copy was looked for. */
  private boolean isThere(String location, List<Asset> assets) throws IOException {
    long sizeBytes = assets.get(0).getSizeBytes();
    return store.stat(location).filter(stat -> stat.sizeBytes() == sizeBytes).isPresent();
  }

  /**
   * Has the assets of a blob available again, where they are known to lack it.
   *
   * @param right what the store said of it before it was read and found to be right
   */
  void found(long term, BlobStat right) throws IOException {
    if (!isAnother(right)) {
      noteFound(term, errors(assetsAt(right.location())));
    }
  }

  private boolean isAnother(BlobStat before) throws IOException {
    return !store.stat(before.location()).equals(Optional.of(before));
  }

  private boolean isReserved(String location) {
    return registry.query(view -> view.isReserved(backend, location));
  }

  private static SpooledFile copy(Path from, Spool to) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    try (FileChannel file = FileChannel.open(from, StandardOpenOption.READ)) {
      while (file.read(buffer) >= 0) {
        to.write(buffer.flip());
        buffer.clear();
      }
    }
    return to.finish();
  }

  /** That the reservation is applied in the term also proves that this node leads still. */
  private void hold(long term, Sha256 digest, long sizeBytes) {
    var unused =
        registry.propose(
            term,
            Command.newBuilder()
                .setReserveBlob(
                    ReserveBlob.newBuilder()
                        .setBackend(backend)
                        .setChecksum(digest.hex())
                        .setSizeBytes(sizeBytes)
                        .setTtlMillis(reservation.toMillis())));
    requireLeading(term);
  }

  private void requireLeading(long term) {
    if (!leader.holds(term)) {
      throw new CancellationException("this node leads no more");
    }
  }

  private void noteMissing(long term, List<String> ids) {
    if (!ids.isEmpty()) {
      note(term, NoteBlobs.newBuilder().addAllMissingAssetIds(ids));
    }
  }

  private void noteFound(long term, List<String> ids) {
    if (!ids.isEmpty()) {
      note(term, NoteBlobs.newBuilder().addAllFoundAssetIds(ids));
    }
  }

  private void note(long term, NoteBlobs.Builder note) {
    var unused = registry.propose(term, Command.newBuilder().setNoteBlobs(note));
  }
}
