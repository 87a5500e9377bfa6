package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.rootfs;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.PrepareAssetsRequest;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.s3server.Fault;
import dev.assetmanagerd.s3server.FaultProxy;
import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.s3.S3Checksums;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is in the cache is prepared without the store: it may be far away, or out of reach. */
@Tag("cluster")
@Timeout(60)
class PreparingFromObjectStoreTest {
  private static final int SIZE = 900_000;
  private static final Duration CALL_MAX = Duration.ofSeconds(20);

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // set before each test
  private FaultProxy proxy;

  @SuppressWarnings("NullAway.Init")
  private ObjectStoreFixture node;

  @SuppressWarnings("NullAway.Init")
  private Path target;

  @SuppressWarnings("NullAway.Init")
  private String bucket;

  @BeforeEach
  void start() throws IOException {
    bucket = S3Server.shared().newBucket();
    proxy = FaultProxy.start(S3Server.shared().endpoint());
    node = new ObjectStoreFixture(directory, S3Checksums.WHEN_SUPPORTED, bucket, proxy.endpoint());
    target = node.service.vmRoot.resolve("vm-1/root");
  }

  @AfterEach
  void stop() throws IOException {
    node.close();
    proxy.close();
  }

  @Test
  void anUploadedRootFileSystemThatIsCachedCostsNoRequest() throws IOException {
    node.service.upload(rootfs("r").setId("r"), bytes(SIZE, 1));
    prepare();
    int requests = proxy.requests().size();

    Files.delete(target.resolve("rootfs.ext4"));
    prepare();

    assertThat(target.resolve("rootfs.ext4")).hasBinaryContent(bytes(SIZE, 1));
    assertThat(proxy.requests()).hasSize(requests);
  }

  @Test
  void metadataBesideARegisteredOneIsRememberedWhileTheStoreIsOutOfReach() throws Exception {
    put("images/debian.ext4", bytes(SIZE, 2));
    put("images/debian.ext4.metadata.json", new byte[] {'{', '}'});
    var unused =
        node.service
            .stub()
            .registerAsset(
                RegisterAssetRequest.newBuilder()
                    .setId("r")
                    .setName("r")
                    .setType(AssetType.ASSET_TYPE_ROOTFS)
                    .setLocation("images/debian.ext4")
                    .build());
    prepare();
    proxy.inject(new Fault.Status(503));

    Files.delete(target.resolve("rootfs.ext4"));
    Files.delete(target.resolve("metadata.json"));
    prepare();

    assertThat(target.resolve("rootfs.ext4")).hasBinaryContent(bytes(SIZE, 2));
    assertThat(target.resolve("metadata.json")).hasContent("{}");
  }

  private void prepare() {
    var unused =
        node.service
            .stub()
            .withDeadlineAfter(CALL_MAX.toSeconds(), TimeUnit.SECONDS)
            .prepareAssets(
                PrepareAssetsRequest.newBuilder()
                    .addAssetIds("r")
                    .setTargetPath(target.toString())
                    .build());
  }

  /** Past the product. */
  private void put(String key, byte[] content) throws IOException, InterruptedException {
    URI object = S3Server.shared().endpoint().resolve("/" + bucket + "/" + key);
    int status =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(object).PUT(BodyPublishers.ofByteArray(content)).build(),
                BodyHandlers.discarding())
            .statusCode();
    assertThat(status).isEqualTo(200);
  }
}
