package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.s3.S3Checksums;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Objects that are in S3 already: what the server attests is taken, what it does not is read. */
@Tag("cluster")
@Timeout(60)
class RegisteringFromObjectStoreTest {
  private static final byte[] BYTES = bytes(700_000, 1);
  private static final Sha256 DIGEST = new Sha256(sha256(BYTES));

  @TempDir private Path directory;

  private static RegisterAssetRequest.Builder request() {
    return RegisterAssetRequest.newBuilder()
        .setName("from the bucket")
        .setType(AssetType.ASSET_TYPE_DISK_IMAGE)
        .setLocation(DIGEST.location());
  }

  private static void put(ObjectStoreFixture fixture) throws IOException {
    Path file = Files.createTempFile(fixture.store.stagingDirectory(), "staged", "");
    Files.write(file, BYTES);
    fixture.store.put(file, DIGEST.location(), DIGEST, BYTES.length);
  }

  @Test
  void theDigestThatTheServerComputedIsTakenAndNothingIsRead() throws IOException {
    try (ObjectStoreFixture fixture =
        new ObjectStoreFixture(directory, S3Checksums.WHEN_SUPPORTED)) {
      put(fixture);
      assertThat(fixture.store.stat(DIGEST.location()).orElseThrow().digest()).contains(DIGEST);

      Asset asset = fixture.service.stub().registerAsset(request().build()).getAsset();

      assertThat(asset.getChecksum()).isEqualTo(DIGEST.hex());
      assertThat(fixture.cache.digests()).as("what was read").isEmpty();
      assertRefused(fixture);
    }
  }

  @Test
  void anObjectWithoutADigestIsReadIntoTheCacheAndNotFetchedAgain() throws IOException {
    try (ObjectStoreFixture fixture =
        new ObjectStoreFixture(directory, S3Checksums.WHEN_REQUIRED)) {
      put(fixture);
      assertThat(fixture.store.stat(DIGEST.location()).orElseThrow().digest()).isEmpty();

      Asset asset = fixture.service.stub().registerAsset(request().build()).getAsset();

      assertThat(asset.getChecksum()).isEqualTo(DIGEST.hex());
      assertThat(fixture.cache.digests()).containsExactly(DIGEST);
      String local =
          fixture
              .service
              .stub()
              .getAsset(
                  GetAssetRequest.newBuilder().setId(asset.getId()).setEnsureLocal(true).build())
              .getLocalPath();
      assertThat(Path.of(local)).hasBinaryContent(BYTES);
      assertThat(fixture.cache.counters().fetches()).as("fetches").isZero();
      assertRefused(fixture);
    }
  }

  private static void assertRefused(ObjectStoreFixture fixture) {
    String other = sha256(new byte[0]);
    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> fixture.service.stub().registerAsset(request().setChecksum(other).build()));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(failure)
        .hasMessageContaining("checksum: is " + other)
        .hasMessageContaining(DIGEST.hex());
  }
}
