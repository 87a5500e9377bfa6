package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.GetAssetRequest;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class DownloadTest {
  /** Several messages, and not a whole number of them. */
  private static final int SIZE = 700_001;

  private static final Duration IDLE = Duration.ofSeconds(2);

  /** More than sockets and HTTP/2 windows hold. */
  private static final int LARGE = 40 << 20;

  @TempDir private Path directory;
  private ServiceFixture service;

  @BeforeEach
  void start() {
    service = ServiceFixture.with(directory, DownloadTest::impatient, store -> store);
  }

  private static AssetServiceOptions impatient(AssetServiceOptions options) {
    return new AssetServiceOptions(
        options.backend(),
        LARGE,
        options.defaultDeadline(),
        IDLE,
        options.maxUploads(),
        options.garbage(),
        options.prepare(),
        options.leases());
  }

  @AfterEach
  void stop() {
    service.close();
  }

  @Test
  void sizeAndChecksumComeFirstAndThenExactlyTheBytes() {
    byte[] content = bytes(SIZE, 1);
    service.upload(kernel("k").setId("k"), content);

    ReceivedDownload download = download("k", 0, 0);

    assertThat(download.status().getCode()).isEqualTo(Status.Code.OK);
    assertThat(download.header().getAsset().getSizeBytes()).isEqualTo(SIZE);
    assertThat(download.header().getAsset().getChecksum()).isEqualTo(sha256(content));
    assertThat(download.header().getAsset().getReferenceCount()).isZero();
    assertThat(download.header().getLength()).isEqualTo(SIZE);
    assertThat(download.bytes()).isEqualTo(content);
    assertThat(references("k")).as("leases that are left").isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1",
    "0, 262144",
    "1, 700000",
    "262143, 262146",
    "699999, 0",
    "700000, 1",
    "650000, 9999999",
    "700001, 0",
    "700001, 5"
  })
  void aRangeIsThoseBytesAndEndsWhereTheAssetEnds(int offset, int length) {
    byte[] content = bytes(SIZE, 1);
    service.upload(kernel("k").setId("k"), content);
    int end = length == 0 ? SIZE : Math.min(SIZE, offset + length);

    ReceivedDownload download = download("k", offset, length);

    assertThat(download.status().getCode()).isEqualTo(Status.Code.OK);
    assertThat(download.header().getOffset()).isEqualTo(offset);
    assertThat(download.header().getLength()).isEqualTo(end - offset);
    assertThat(download.bytes()).isEqualTo(Arrays.copyOfRange(content, offset, end));
  }

  @Test
  void whatCannotBeDownloadedHasAnErrorThatSaysWhy() throws Exception {
    Asset asset = service.upload(kernel("k").setId("k"), bytes(SIZE, 1));

    Status beyond = download("k", SIZE + 1, 0).status();
    assertThat(beyond.getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
    assertThat(beyond.getDescription()).contains("offset: is 700002", "700001 bytes");
    assertThat(download("k", -1, 0).status().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(download("k", 0, -1).status().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(download("../k", 0, 0).status().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(download("none", 0, 0).status().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(references("k")).isZero();

    Files.delete(service.blobDirectory.resolve(asset.getLocation()));
    ReceivedDownload gone = download("k", 0, 0);
    assertThat(gone.status().getCode()).isEqualTo(Status.Code.DATA_LOSS);
    assertThat(gone.hasHeader()).isFalse();
    assertThat(references("k")).isZero();
  }

  @Test
  void anAssetWhoseBytesWereChangedIsNeverHandedOutWhole() throws Exception {
    byte[] content = bytes(SIZE, 1);
    Asset asset = service.upload(kernel("k").setId("k"), content);
    assertThat(download("k", 5, 100).status().getCode()).isEqualTo(Status.Code.OK);
    content[SIZE - 1]++;
    replace(asset, content);

    ReceivedDownload whole = download("k", 0, 0);
    assertThat(whole.status().getCode()).isEqualTo(Status.Code.DATA_LOSS);
    assertThat(whole.bytes()).hasSizeLessThan(SIZE);

    ReceivedDownload range = download("k", 5, 100);
    assertThat(range.status().getCode()).isEqualTo(Status.Code.DATA_LOSS);
    assertThat(range.bytes()).as("of a file that is wrong elsewhere").isEmpty();
    assertThat(references("k")).isZero();

    replace(asset, bytes(SIZE - 1, 1));
    assertThat(download("k", 0, 0).hasHeader()).isFalse();
    assertThat(download("k", 0, 0).status().getCode()).isEqualTo(Status.Code.DATA_LOSS);
  }

  @Test
  void theAssetIsNotDeletedWhileItIsRead() {
    byte[] content = bytes(LARGE, 1);
    service.upload(kernel("k").setId("k"), content);
    ReceivedDownload download = ReceivedDownload.slow(service.channel(), "k");
    assertThat(download.header().getAsset().getId()).isEqualTo("k");

    assertThat(references("k")).isEqualTo(1);
    assertThat(delete("k")).isFalse();
    download.takeTheRest();

    assertThat(download.bytes()).isEqualTo(content);
    assertThat(delete("k")).isTrue();
  }

  @Test
  void whoCancelsLeavesNoLease() {
    service.upload(kernel("k").setId("k"), bytes(LARGE, 1));
    ReceivedDownload download = ReceivedDownload.slow(service.channel(), "k");
    assertThat(download.header().getLength()).isEqualTo(LARGE);

    download.cancel();

    await().atMost(Duration.ofSeconds(20)).until(() -> service.module.runningDownloads() == 0);
    assertThat(references("k")).isZero();
  }

  @Test
  void whoTakesNothingIsCutOffAndHeldNoMoreInMemoryThanTheLineTakes() {
    service.upload(kernel("k").setId("k"), bytes(LARGE, 1));
    ReceivedDownload download = ReceivedDownload.slow(service.channel(), "k");
    assertThat(download.header().getLength()).isEqualTo(LARGE);

    await().atMost(Duration.ofSeconds(20)).until(() -> service.module.runningDownloads() == 0);
    assertThat(references("k")).isZero();
    download.takeTheRest();

    assertThat(download.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(download.status().getDescription()).contains("took nothing for 2 s");
    assertThat(download.bytes()).as("what was on the way").hasSizeLessThan(LARGE / 4);
  }

  private ReceivedDownload download(String id, long offset, long length) {
    return ReceivedDownload.of(service.channel(), id, offset, length);
  }

  private int references(String id) {
    return service
        .stub()
        .getAsset(GetAssetRequest.newBuilder().setId(id).build())
        .getAsset()
        .getReferenceCount();
  }

  private boolean delete(String id) {
    return service
        .stub()
        .deleteAsset(DeleteAssetRequest.newBuilder().setId(id).build())
        .getDeleted();
  }

  /** As nobody but a broken disk does it, and late enough for the clock of the file system. */
  private void replace(Asset asset, byte[] bytes) throws IOException {
    Path file = service.blobDirectory.resolve(asset.getLocation());
    FileTime before = Files.getLastModifiedTime(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    Files.write(file, bytes);
    Files.setLastModifiedTime(file, FileTime.fromMillis(before.toMillis() + 10));
  }
}
