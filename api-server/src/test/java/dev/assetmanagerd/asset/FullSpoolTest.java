package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.sha256;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.s3.S3BlobStore;
import dev.assetmanagerd.storage.s3.S3Checksums;
import dev.assetmanagerd.storage.s3.S3Credentials;
import dev.assetmanagerd.storage.s3.S3Options;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Uploads into S3 from a node whose spool has a small file system of its own; takes root. */
@Tag("cluster")
@Timeout(60)
class FullSpoolTest {
  private static final int KIB = 1 << 10;

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path spool;

  @SuppressWarnings("NullAway.Init") // set before each test
  private S3BlobStore store;

  @SuppressWarnings("NullAway.Init") // set before each test
  private ServiceFixture service;

  @BeforeEach
  void start() throws Exception {
    spool = Files.createDirectory(directory.resolve("spool"));
    assumeTrue(
        succeeds("mount", "-t", "tmpfs", "-o", "size=640k", "none", spool.toString()),
        "needs root, to mount");
    S3Server server = S3Server.shared();
    store =
        S3BlobStore.open(
            new S3Options(
                server.newBucket(),
                "us-east-1",
                Optional.of(server.endpoint()),
                true,
                "",
                new S3Credentials.Key("key", "secret"),
                S3Checksums.WHEN_SUPPORTED,
                true,
                S3Options.MIN_PART_BYTES,
                2,
                Duration.ofSeconds(20),
                10_000_000,
                spool,
                "n1"));
    service = ServiceFixture.with(directory, options -> options, local -> store);
  }

  @AfterEach
  void stop() throws Exception {
    if (service != null) {
      service.close();
      store.close();
      assertThat(succeeds("umount", spool.toString())).as("unmounting").isTrue();
    }
  }

  @Test
  void anUploadThatDoesNotFitIsToldLeavesNothingAndTheNextOneWorks() throws Exception {
    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> service.upload(kernel("large").setId("large"), bytes(900 * KIB, 1)));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(failure).hasMessageContaining("no space left");
    assertNothingLeft();
    assertThat(service.registry.everything()).isEmpty();
    try (Stream<BlobStat> blobs = store.list()) {
      assertThat(blobs).isEmpty();
    }

    byte[] fits = bytes(400 * KIB, 2);
    Asset asset = service.upload(kernel("fits").setId("fits"), fits);
    assertThat(asset.getChecksum()).isEqualTo(sha256(fits));
    assertNothingLeft();
  }

  @Test
  void whenSomebodyElseFillsTheDiskItWorksAgainAsSoonAsThereIsSpace() throws Exception {
    Path other = Files.write(spool.resolve("of-somebody-else"), new byte[500 * KIB]);
    byte[] content = bytes(300 * KIB, 3);

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> service.upload(kernel("kernel").setId("kernel"), content));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    Files.delete(other);
    assertNothingLeft();

    assertThat(service.upload(kernel("kernel").setId("kernel"), content).getChecksum())
        .isEqualTo(sha256(content));
  }

  private void assertNothingLeft() throws IOException {
    try (Stream<Path> files = Files.walk(spool)) {
      assertThat(files.filter(Files::isRegularFile)).isEmpty();
    }
  }

  private static boolean succeeds(String... command) throws Exception {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      boolean done = process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
      if (!done) {
        System.out.println(String.join(" ", command) + ": " + output);
      }
      return done;
    } catch (IOException e) {
      System.out.println(command[0] + ": " + e);
      return false;
    }
  }
}
