package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.NoteBlobs;
import dev.assetmanagerd.log.v1.ReserveBlob;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.BlobWriter;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.blob.SpooledFile;
import dev.assetmanagerd.storage.cache.LocalBlob;
import dev.assetmanagerd.storage.cache.WantedBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes blobs again that are not in the store any more, of copies in the caches of the nodes; where
 * there is none, has the registry note that the assets lack their bytes.
 *
 * <p>A copy is verified on its way into the store. Meanwhile the registry keeps the blob's name
 * reserved, so that no deletion begins. One that had begun before, and ends after the blob was made
 * again, leaves nothing; one that ends before leaves a blob that nothing refers to, whose name is
 * not given away again, and the sweep takes it.
 */
final class StoreRepair {
  private static final Logger log = LoggerFactory.getLogger(StoreRepair.class);
  private static final int BUFFER_BYTES = 256 << 10;

  private final LeaderRegistry registry;
  private final LeaderTerm leader;
  private final StorageBackend backend;
  private final BlobWriter writer;
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
      BlobWriter writer,
      LocalCopies copies,
      String nodeId,
      Duration reservation,
      Duration timeout) {
    this.registry = registry;
    this.leader = leader;
    this.backend = backend;
    this.writer = writer;
    this.copies = copies;
    this.nodeId = nodeId;
    this.reservation = reservation;
    this.timeout = timeout;
  }

  /** Ids of those that are known to lack their bytes. */
  static List<String> errors(List<Asset> assets) {
    return ids(assets, AssetStatus.ASSET_STATUS_ERROR);
  }

  private static List<String> ids(List<Asset> assets, AssetStatus status) {
    return assets.stream().filter(asset -> asset.getStatus() == status).map(Asset::getId).toList();
  }

  /**
   * Makes a blob again.
   *
   * @param assets all that have their bytes there, one or more
   * @return false where it could not be done, and that was noted
   */
  boolean restore(long term, String location, List<Asset> assets) throws IOException {
    Asset asset = assets.get(0);
    try {
      putAgain(term, location, new Sha256(asset.getChecksum()), asset.getSizeBytes());
    } catch (IOException e) {
      log.error(
          "the blob {} cannot be made again, assets {} are without their bytes: {}",
          location,
          assets.stream().map(Asset::getId).toList(),
          e.toString());
      noteMissing(term, ids(assets, AssetStatus.ASSET_STATUS_AVAILABLE));
      if (e instanceof BlobStoreUnavailableException) {
        throw e;
      }
      return false;
    }
    log.info("the blob {} is in the store again, with the right bytes", location);
    noteFound(term, errors(assets));
    return true;
  }

  private void putAgain(long term, String location, Sha256 digest, long sizeBytes)
      throws IOException {
    if (!digest.isLocation(location)) {
      throw new IOException("it is in a place of its own; put the right bytes there by hand");
    }
    if (copies.cache().isEmpty()) {
      throw new NoSuchFileException("the nodes have no caches");
    }
    // The node's own copy may have rotted, too; then that of another node comes in its place.
    var unused = copies.cache().get().verify(digest);
    WantedBlob wanted = new WantedBlob(digest, sizeBytes, copies.peers().apply(digest));
    try (LocalBlob copy = copies.cache().get().hold(wanted, timeout);
        Spool spool = Spool.open(writer, nodeId, sizeBytes, Runnable::run)) {
      SpooledFile staged = copy(copy.path(), spool);
      if (!staged.digest().equals(digest)) {
        throw new IOException("the copy on this node has rotted while it was read");
      }
      hold(term, digest, sizeBytes);
      writer.put(staged.path(), location, digest, sizeBytes);
    }
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
