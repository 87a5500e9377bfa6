package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.s3server.Fault;
import dev.assetmanagerd.s3server.FaultProxy;
import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.s3.S3Checksums;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("cluster")
@Timeout(60)
class DownloadFromObjectStoreTest {
  private static final int SIZE = 900_000;

  /** More than the cache may have. */
  private static final int LARGE = 9 << 20;

  @TempDir private Path directory;

  @Test
  void aWholeAssetComesFromTheStoreAndEvictsNothing() throws IOException {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_SUPPORTED)) {
      node.service.upload(kernel("small").setId("small"), bytes(SIZE, 1));
      node.service.upload(kernel("large").setId("large"), bytes(LARGE, 2));
      ensureLocal(node, "small");

      assertThat(download(node, "large", 0, 0).bytes()).isEqualTo(bytes(LARGE, 2));
      assertThat(download(node, "small", 0, 0).bytes()).isEqualTo(bytes(SIZE, 1));

      assertThat(node.cache.filesHeld()).isEqualTo(1);
      assertThat(node.cache.counters().hits()).isEqualTo(1);
    }
  }

  @Test
  void aRangeIsRightAlsoWhereTheLineDamagesWhatTheStoreAttests() throws IOException {
    String bucket = S3Server.shared().newBucket();
    try (FaultProxy proxy = FaultProxy.start(S3Server.shared().endpoint());
        ObjectStoreFixture node =
            new ObjectStoreFixture(
                directory, S3Checksums.WHEN_SUPPORTED, bucket, proxy.endpoint())) {
      byte[] content = bytes(SIZE, 1);
      node.service.upload(kernel("k").setId("k"), content);
      proxy.inject(request -> request.method().equals("GET"), 1, new Fault.FlipResponse(100_000));

      ReceivedDownload damaged = download(node, "k", 1000, 300_000);

      assertThat(damaged.status().getCode()).isEqualTo(Status.Code.DATA_LOSS);
      assertThat(damaged.hasHeader()).isFalse();
      proxy.heal();
      assertThat(download(node, "k", 1000, 300_000).bytes())
          .isEqualTo(Arrays.copyOfRange(content, 1000, 301_000));
    }
  }

  @Test
  void aRangeComesFromAFileThatWasVerifiedAsAWhole() throws IOException {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_REQUIRED)) {
      byte[] content = bytes(SIZE, 1);
      node.service.upload(kernel("k").setId("k"), content);
      node.service.upload(kernel("large").setId("large"), bytes(LARGE, 2));

      for (int from = 0; from < SIZE; from += 300_000) {
        assertThat(download(node, "k", from, 300_000).bytes())
            .isEqualTo(Arrays.copyOfRange(content, from, from + 300_000));
      }

      assertThat(node.cache.counters().fetches()).isEqualTo(1);
      assertThat(download(node, "large", 1, 5).status().getCode())
          .as("of an asset that the cache has no room for")
          .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }
  }

  @Test
  void whatTheStoreHasLostOrChangedIsAnErrorAndNeverBytes() throws IOException {
    try (ObjectStoreFixture node = new ObjectStoreFixture(directory, S3Checksums.WHEN_SUPPORTED)) {
      var asset = node.service.upload(kernel("k").setId("k"), bytes(SIZE, 1));
      assertThat(node.store.delete(asset.getLocation())).isTrue();

      ReceivedDownload gone = download(node, "k", 0, 0);

      assertThat(gone.status().getCode()).isEqualTo(Status.Code.DATA_LOSS);
      assertThat(gone.hasHeader()).isFalse();
    }
  }

  private static ReceivedDownload download(
      ObjectStoreFixture node, String id, long offset, long length) {
    return ReceivedDownload.of(node.service.channel(), id, offset, length);
  }

  private static void ensureLocal(ObjectStoreFixture node, String id) {
    var unused =
        node.service
            .stub()
            .getAsset(GetAssetRequest.newBuilder().setId(id).setEnsureLocal(true).build());
  }
}
