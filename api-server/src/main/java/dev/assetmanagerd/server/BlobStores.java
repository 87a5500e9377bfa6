package dev.assetmanagerd.server;

import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.config.Secret;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import dev.assetmanagerd.storage.s3.S3BlobStore;
import dev.assetmanagerd.storage.s3.S3Checksums;
import dev.assetmanagerd.storage.s3.S3Credentials;
import dev.assetmanagerd.storage.s3.S3Options;
import java.util.Optional;

/** Opens the blob store that the configuration describes. */
final class BlobStores {
  private static final int PARTS_IN_FLIGHT = 4;
  private static final long MIN_BYTES_PER_SECOND = 64 * 1024;

  private BlobStores() {}

  static OpenedStore open(NodeConfig config) throws StartException {
    try {
      return switch (config.storage().kind()) {
        case LOCAL, NFS -> openDirectory(config);
        case S3 -> openBucket(config);
      };
    } catch (BlobStoreUnavailableException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  private static OpenedStore openDirectory(NodeConfig config) throws BlobStoreUnavailableException {
    SharedDirectoryBlobStore store =
        SharedDirectoryBlobStore.open(
            config.storage().root().orElseThrow(), config.cluster().nodeId());
    return new OpenedStore(store, store.parts(), Optional.empty(), () -> {});
  }

  private static OpenedStore openBucket(NodeConfig config) throws StartException {
    NodeConfig.S3 s3 = config.storage().s3();
    try {
      S3BlobStore store = S3BlobStore.open(options(config, s3));
      return new OpenedStore(
          store, store.parts(), Optional.of(store.directUploads()), store::close);
    } catch (BlobStoreUnavailableException e) {
      throw new StartException(
          e.getMessage()
              + "; see UNKEY_ASSETMANAGERD_S3_BUCKET, _S3_ENDPOINT, _S3_REGION, _S3_ACCESS_KEY_ID",
          e);
    }
  }

  private static S3Options options(NodeConfig config, NodeConfig.S3 s3) {
    return new S3Options(
        s3.bucket().orElseThrow(),
        s3.region(),
        s3.endpoint(),
        s3.pathStyle(),
        s3.prefix().isEmpty() ? "" : s3.prefix() + "/",
        credentials(s3),
        switch (s3.checksums()) {
          case WHEN_SUPPORTED -> S3Checksums.WHEN_SUPPORTED;
          case WHEN_REQUIRED -> S3Checksums.WHEN_REQUIRED;
        },
        s3.chunkedEncoding(),
        s3.partBytes(),
        PARTS_IN_FLIGHT,
        config.storage().timeout(),
        MIN_BYTES_PER_SECOND,
        config.storage().cache().directory().resolve("spool"),
        config.cluster().nodeId());
  }

  private static S3Credentials credentials(NodeConfig.S3 s3) {
    Optional<Secret> key = s3.accessKeyId();
    Optional<Secret> secret = s3.secretAccessKey();
    return key.isPresent() && secret.isPresent()
        ? new S3Credentials.Key(key.get().reveal(), secret.get().reveal())
        : new S3Credentials.DefaultChain();
  }
}
