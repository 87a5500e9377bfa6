package dev.assetmanagerd.asset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.blob.SharedDirectoryBlobStore;
import dev.assetmanagerd.storage.cache.BlobCache;
import dev.assetmanagerd.storage.cache.BlobCacheOptions;
import dev.assetmanagerd.storage.cache.BlobSource;
import dev.assetmanagerd.storage.cache.LocalBlob;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another node is believed as little as any other source. */
class CopiesFromPeersTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path directory;
  private final byte[] content = ServiceFixture.bytes(100_000, 1);
  private final Sha256 digest = new Sha256(ServiceFixture.sha256(content));
  private final Asset asset =
      Asset.newBuilder()
          .setId("a")
          .setBackend(StorageBackend.STORAGE_BACKEND_NFS)
          .setLocation(digest.location())
          .setChecksum(digest.hex())
          .setSizeBytes(content.length)
          .build();

  private SharedDirectoryBlobStore store;
  private BlobCache cache;

  @BeforeEach
  void open() throws IOException {
    store = SharedDirectoryBlobStore.open(directory.resolve("blobs"), "n1");
    cache =
        BlobCache.open(
            BlobCacheOptions.of(directory.resolve("cache"), 1 << 20, 1, PATIENCE),
            digests -> Set.of(),
            Clock.systemUTC());
  }

  @AfterEach
  void close() {
    cache.close();
  }

  @Test
  void whereAnotherNodeGivesOtherBytesTheStoreIsAsked() throws IOException {
    Path staged = Files.write(store.stagingDirectory().resolve("staged"), content);
    store.put(staged, digest.location(), digest, content.length);

    try (LocalBlob file = files().hold(asset, PATIENCE)) {
      assertThat(file.path()).hasBinaryContent(content);
    }

    assertThat(cache.counters().failures("peer")).isEqualTo(1);
    assertThat(cache.counters().received("nfs")).isEqualTo(content.length);
  }

  @Test
  void otherBytesAreGivenToNobodyWhereThereIsNoOtherSource() {
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(() -> files().hold(asset, PATIENCE))
        .satisfies(e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DATA_LOSS));
    assertThat(cache.filesHeld()).isZero();
  }

  private AssetFiles files() {
    return new AssetFiles(
        StorageBackend.STORAGE_BACKEND_NFS,
        store,
        new LocalCopies(Optional.of(cache), Map.of(), wanted -> List.of(lyingPeer())));
  }

  private BlobSource lyingPeer() {
    byte[] wrong = content.clone();
    wrong[wrong.length / 2] ^= 1;
    return new BlobSource() {
      @Override
      public String name() {
        return "peer";
      }

      @Override
      public ReadableByteChannel open(long offset, long length) {
        return Channels.newChannel(
            new ByteArrayInputStream(wrong, Math.toIntExact(offset), Math.toIntExact(length)));
      }
    };
  }
}
