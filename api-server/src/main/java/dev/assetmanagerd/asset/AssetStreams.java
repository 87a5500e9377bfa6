package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.cache.LocalBlob;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;

/**
 * The bytes of assets for readers who take them away, to other hosts as a rule.
 *
 * <p>Where they come from:
 *
 * <ol>
 *   <li>the file in the cache, where there is one: it is verified;
 *   <li>all of an asset straight from its store. Whoever downloads an asset does not show that VMs
 *       of this host will need it, so it is not taken into the cache, where it would evict what
 *       they do need; nor does a large one have to be here before its first byte is sent. The
 *       reader hashes what comes, and hands out its last piece only when all of it is right;
 *   <li>a range from a file that is right as a whole, since nobody could tell whether the range
 *       alone is, not even where the store attests the digest of the whole: the line may change it.
 *       It is a local store's file, hashed when a part of it is first asked for, else one that the
 *       cache fetches. Whoever reads one range of a blob tends to read the next one, too.
 * </ol>
 *
 * <p>Thread-safe; blocks for I/O.
 */
final class AssetStreams {
  private final AssetFiles files;
  private final VerifiedFiles verified = new VerifiedFiles();

  AssetStreams(AssetFiles files) {
    this.files = files;
  }

  /**
   * Opens a range of an asset, which the caller keeps from being deleted meanwhile. The bytes of a
   * range are right; those of a whole asset the caller has to verify.
   *
   * @param offset at most the size of the asset
   * @param length not beyond the end
   * @param timeout how long bytes are waited for that have to be fetched first
   */
  ReadableByteChannel open(Asset asset, long offset, long length, Duration timeout)
      throws IOException {
    try {
      Optional<LocalBlob> here = files.cached(asset);
      if (here.isPresent()) {
        return ofFile(here.get(), offset);
      }
      BlobReader store = files.reader(asset);
      checkAttested(AssetFiles.stat(store, asset), asset);
      if (length == asset.getSizeBytes() || asset.getChecksum().isEmpty()) {
        return store.open(asset.getLocation(), offset, length);
      }
      LocalBlob file = files.hold(asset, timeout);
      if (!files.isVerified(asset) && !isRight(file, asset, timeout)) {
        throw wrong(asset);
      }
      return ofFile(file, offset);
    } catch (NoSuchFileException e) {
      throw AssetFiles.missing(asset);
    }
  }

  /** Before a byte is sent, where the store knows better. */
  private static void checkAttested(BlobStat stat, Asset asset) {
    if (stat.digest().isPresent()
        && !asset.getChecksum().isEmpty()
        && !stat.digest().get().hex().equals(asset.getChecksum())) {
      throw wrong(asset);
    }
  }

  /** What is in storage is not what was registered. */
  static RuntimeException wrong(Asset asset) {
    return ApiErrors.dataLoss(
        "asset " + asset.getId() + ": the bytes in storage do not have its checksum");
  }

  private boolean isRight(LocalBlob file, Asset asset, Duration timeout) throws IOException {
    boolean right = false;
    try {
      right = verified.isRight(file.path(), new Sha256(asset.getChecksum()), timeout);
      return right;
    } finally {
      if (!right) {
        file.close();
      }
    }
  }

  private static ReadableByteChannel ofFile(LocalBlob file, long offset) throws IOException {
    boolean opened = false;
    try {
      FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ);
      ReadableByteChannel held = new HeldFile(channel.position(offset), file);
      opened = true;
      return held;
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  /** An open file that stays where it is until this is closed. */
  private record HeldFile(FileChannel channel, LocalBlob file) implements ReadableByteChannel {
    @Override
    public int read(ByteBuffer target) throws IOException {
      return channel.read(target);
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
      try {
        channel.close();
      } finally {
        file.close();
      }
    }
  }
}
