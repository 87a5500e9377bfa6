package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.blob.DirectUploads;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import dev.assetmanagerd.storage.s3.S3BlobStore;
import dev.assetmanagerd.storage.s3.S3Checksums;
import dev.assetmanagerd.storage.s3.S3Credentials;
import dev.assetmanagerd.storage.s3.S3Options;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/** The asset service of one node whose blobs are in a real S3 server, with a cache. */
final class ObjectStoreFixture implements AutoCloseable {
  private static final long CACHE_BYTES = 8 << 20;

  final S3BlobStore store;
  final BlobCache cache;
  final ServiceFixture service;

  /**
   * @param checksums whether the server is to check and keep digests
   */
  ObjectStoreFixture(Path directory, S3Checksums checksums) throws IOException {
    this(
        directory,
        checksums,
        S3Server.shared().newBucket(),
        S3Server.shared().endpoint(),
        direct -> direct);
  }

  /**
   * @param direct what the service gets to see of uploads past it
   */
  ObjectStoreFixture(Path directory, S3Checksums checksums, UnaryOperator<DirectUploads> direct)
      throws IOException {
    this(directory, checksums, S3Server.shared().newBucket(), S3Server.shared().endpoint(), direct);
  }

  /**
   * @param bucket of the shared server
   * @param endpoint that server, or a way to it
   */
  ObjectStoreFixture(Path directory, S3Checksums checksums, String bucket, URI endpoint)
      throws IOException {
    this(directory, checksums, bucket, endpoint, direct -> direct);
  }

  private ObjectStoreFixture(
      Path directory,
      S3Checksums checksums,
      String bucket,
      URI endpoint,
      UnaryOperator<DirectUploads> direct)
      throws IOException {
    store =
        S3BlobStore.open(
            new S3Options(
                bucket,
                "us-east-1",
                Optional.of(endpoint),
                true,
                "",
                new S3Credentials.Key("key", "secret"),
                checksums,
                true,
                S3Options.MIN_PART_BYTES,
                2,
                Duration.ofSeconds(10),
                100_000,
                directory.resolve("spool"),
                "n1"));
    cache =
        BlobCache.open(
            BlobCacheOptions.of(directory.resolve("cache"), CACHE_BYTES, 2, Duration.ofSeconds(20)),
            digests -> Set.of(),
            Clock.systemUTC());
    service =
        ServiceFixture.on(
            directory,
            ObjectStoreFixture::inS3,
            store,
            new LocalCopies(Optional.of(cache), Map.of(), digest -> List.of()),
            transfers ->
                new TransferSettings(
                    store.parts(),
                    Optional.of(direct.apply(store.directUploads())),
                    transfers.uploadTtl(),
                    transfers.partBytes()));
  }

  private static AssetServiceOptions inS3(AssetServiceOptions options) {
    return new AssetServiceOptions(
        StorageBackend.STORAGE_BACKEND_S3,
        16 << 20,
        options.defaultDeadline(),
        options.uploadIdleTimeout(),
        options.maxUploads(),
        options.garbage(),
        options.prepare(),
        options.leases());
  }

  @Override
  public void close() {
    service.close();
    cache.close();
    store.close();
  }
}
