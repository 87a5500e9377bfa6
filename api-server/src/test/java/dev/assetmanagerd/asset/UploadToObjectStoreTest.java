package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.s3server.Fault;
import dev.assetmanagerd.s3server.FaultProxy;
import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.s3.S3BlobStore;
import dev.assetmanagerd.storage.s3.S3Checksums;
import dev.assetmanagerd.storage.s3.S3Credentials;
import dev.assetmanagerd.storage.s3.S3Options;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Uploads into S3 over a line that breaks: an asset has its bytes, or there is none. */
@Tag("cluster")
@Timeout(60)
class UploadToObjectStoreTest {
  static final List<Fault> FAULTS =
      List.of(
          new Fault.Status(500),
          new Fault.Status(503),
          new Fault.ResetRequest(50_000),
          new Fault.FlipRequest(50_000),
          new Fault.LostAnswer(),
          new Fault.Slow(10_000),
          new Fault.BlackHole());

  private static final int SIZE = 200_000;
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final Set<Status.Code> TYPED =
      EnumSet.of(Status.Code.UNAVAILABLE, Status.Code.INTERNAL, Status.Code.DEADLINE_EXCEEDED);

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // set before each test
  private FaultProxy proxy;

  @SuppressWarnings("NullAway.Init") // set before each test
  private S3BlobStore store;

  @SuppressWarnings("NullAway.Init") // set before each test
  private ServiceFixture service;

  @BeforeEach
  void start() throws IOException {
    S3Server server = S3Server.shared();
    proxy = FaultProxy.start(server.endpoint());
    store =
        S3BlobStore.open(
            new S3Options(
                server.newBucket(),
                "us-east-1",
                Optional.of(proxy.endpoint()),
                true,
                "",
                new S3Credentials.Key("key", "secret"),
                S3Checksums.WHEN_SUPPORTED,
                true,
                S3Options.MIN_PART_BYTES,
                2,
                TIMEOUT,
                10_000_000,
                directory.resolve("spool"),
                "n1"));
    service = ServiceFixture.with(directory, options -> options, local -> store);
  }

  @AfterEach
  void stop() throws IOException {
    service.close();
    store.close();
    proxy.close();
  }

  @ParameterizedTest
  @FieldSource("FAULTS")
  void anAssetHasItsBytesOrThereIsNone(Fault fault) throws IOException {
    byte[] content = bytes(SIZE, 1);
    proxy.inject(request -> request.method().equals("PUT"), 1, fault);
    long begin = System.nanoTime();
    try {
      service.upload(kernel("first").setId("first"), content);
    } catch (StatusRuntimeException e) {
      assertThat(TYPED).as(e.toString()).contains(e.getStatus().getCode());
    }
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(15));
    assertAllAssetsHaveTheirBytes();
    if (!(fault instanceof Fault.LostAnswer)) { // which the next attempt gets round
      assertThat(service.registry.everything()).isEmpty();
    }
    try (Stream<Path> staged = Files.list(store.stagingDirectory())) {
      assertThat(staged).isEmpty();
    }

    proxy.heal();
    Asset second = service.upload(kernel("second").setId("second"), content);

    assertThat(second.getChecksum()).isEqualTo(sha256(content));
    assertAllAssetsHaveTheirBytes();
    assertThat(service.registry.everything()).contains(second);
  }

  /** Past the faults. */
  private void assertAllAssetsHaveTheirBytes() throws IOException {
    proxy.heal();
    for (Asset asset : service.registry.everything()) {
      byte[] stored = Channels.newInputStream(store.open(asset.getLocation(), 0)).readAllBytes();
      assertThat(sha256(stored)).as("bytes of %s", asset.getId()).isEqualTo(asset.getChecksum());
    }
  }
}
