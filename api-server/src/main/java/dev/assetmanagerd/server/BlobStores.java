package dev.assetmanagerd.server;

import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.config.Secret;
import dev.assetmanagerd.config.StorageKind;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import dev.assetmanagerd.storage.bounded.BoundedBlobStore;
import dev.assetmanagerd.storage.bounded.BoundedSteps;
import dev.assetmanagerd.storage.nfs.Mount;
import dev.assetmanagerd.storage.nfs.MountCheck;
import dev.assetmanagerd.storage.s3.S3BlobStore;
import dev.assetmanagerd.storage.s3.S3Checksums;
import dev.assetmanagerd.storage.s3.S3Credentials;
import dev.assetmanagerd.storage.s3.S3Options;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the blob store that the configuration describes. */
final class BlobStores {
  private static final int PARTS_IN_FLIGHT = 4;
  private static final long MIN_BYTES_PER_SECOND = 64 * 1024;

  private static final String LOCAL_STORAGE_PATH = "UNKEY_ASSETMANAGERD_LOCAL_STORAGE_PATH";
  private static final String NFS_PATH = "UNKEY_ASSETMANAGERD_NFS_PATH";
  private static final String NFS_REQUIRE_MOUNT = "UNKEY_ASSETMANAGERD_NFS_REQUIRE_MOUNT";

  private static final Logger log = LoggerFactory.getLogger(BlobStores.class);

  private BlobStores() {}

  static OpenedStore open(NodeConfig config) throws StartException {
    return switch (config.storage().kind()) {
      case LOCAL, NFS -> openDirectory(config);
      case S3 -> openBucket(config);
    };
  }

  /** Also of a local directory: what is a local disk to one is a cluster file system to another. */
  private static OpenedStore openDirectory(NodeConfig config) throws StartException {
    Path root = root(config);
    BoundedSteps steps =
        new BoundedSteps(
            "blob directory " + root,
            config.storage().threads(),
            config.storage().timeout(),
            System::nanoTime);
    try {
      SharedDirectoryBlobStore store =
          config.storage().kind() == StorageKind.NFS
              ? openNfs(config, root, steps)
              : steps.run("open it", () -> SharedDirectoryBlobStore.open(root, nodeId(config)));
      BoundedBlobStore bounded = new BoundedBlobStore(store, store.parts(), steps);
      return new OpenedStore(
          bounded, bounded.parts(), Optional.empty(), Optional.of(steps), steps::close);
    } catch (IOException e) {
      steps.close();
      throw new StartException(
          "%s (%s): %s"
              .formatted(
                  config.storage().kind() == StorageKind.NFS ? NFS_PATH : LOCAL_STORAGE_PATH,
                  root,
                  reason(e)),
          e);
    } catch (StartException e) {
      steps.close();
      throw e;
    }
  }

  private static SharedDirectoryBlobStore openNfs(NodeConfig config, Path root, BoundedSteps steps)
      throws IOException, StartException {
    Mount mount = steps.run("find its mount", () -> MountCheck.of(root));
    if (config.storage().requireMount() && !mount.isNfs()) {
      throw new StartException(
          "%s (%s) has to be on an NFS mount and is on a %s; mount it, or set %s=false"
              .formatted(NFS_PATH, root, mount.description(), NFS_REQUIRE_MOUNT));
    }
    log.info("{} ({}) is on a {}", NFS_PATH, root, mount.description());
    MountCheck.doubts(mount).forEach(doubt -> log.warn("{} ({}): {}", NFS_PATH, root, doubt));
    return steps.run(
        "open it",
        () -> SharedDirectoryBlobStore.open(root, nodeId(config), config.cluster().clusterId()));
  }

  private static Path root(NodeConfig config) {
    return config.storage().root().orElseThrow();
  }

  private static String nodeId(NodeConfig config) {
    return config.cluster().nodeId();
  }

  private static String reason(IOException e) {
    String message = e.getMessage();
    return e.getClass() == IOException.class || e instanceof BlobStoreUnavailableException
        ? String.valueOf(message)
        : e.toString();
  }

  private static OpenedStore openBucket(NodeConfig config) throws StartException {
    NodeConfig.S3 s3 = config.storage().s3();
    try {
      S3BlobStore store = S3BlobStore.open(options(config, s3.bucket().orElseThrow(), s3.prefix()));
      return new OpenedStore(
          store, store.parts(), Optional.of(store.directUploads()), Optional.empty(), store::close);
    } catch (BlobStoreUnavailableException e) {
      throw new StartException(
          e.getMessage()
              + "; see UNKEY_ASSETMANAGERD_S3_BUCKET, _S3_ENDPOINT, _S3_REGION, _S3_ACCESS_KEY_ID",
          e);
    }
  }

  /** How a bucket is dealt with, whatever it is used for. */
  static S3Options options(NodeConfig config, String bucket, String prefix) {
    NodeConfig.S3 s3 = config.storage().s3();
    return new S3Options(
        bucket,
        s3.region(),
        s3.endpoint(),
        s3.pathStyle(),
        prefix.isEmpty() ? "" : prefix + "/",
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
