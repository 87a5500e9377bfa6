package dev.assetmanagerd.storage.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.s3server.Fault;
import dev.assetmanagerd.s3server.FaultProxy;
import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Servers that do less than S3 does: the proxy makes one of a complete one. */
@Timeout(60)
class S3ProbeTest {
  private static final int IN_PARTS = (int) (S3TestOptions.PART_BYTES + 1000);

  @TempDir private Path temp;
  private final RawBucket bucket = RawBucket.create();

  @SuppressWarnings("NullAway.Init") // set before each test
  private FaultProxy proxy;

  @BeforeEach
  void startProxy() throws IOException {
    proxy = FaultProxy.start(S3Server.shared().endpoint());
  }

  @AfterEach
  void stopProxy() throws IOException {
    proxy.close();
  }

  @Test
  void aServerThatDoesAllLeavesNoProbeBehind() throws IOException {
    try (S3BlobStore store = open()) {
      assertThat(bucket.keys()).isEmpty();
      assertThat(store.stat(digest(new byte[1]).location())).isEmpty();
    }
  }

  @Test
  void aServerThatGivesBackOtherBytesIsNotUsed() {
    proxy.inject(request -> request.method().equals("GET"), 1, new Fault.FlipResponse(500));

    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(this::open)
        .withMessageContaining("other bytes than it got")
        .withMessageContaining("chunked encoding");
    assertThat(bucket.keys()).isEmpty();
  }

  @Test
  void aBlobIsPutByManyAtATimeAlsoWhereTheServerKnowsNoConditions() throws Exception {
    proxy.inject(new Fault.WithoutHeader("If-None-Match"));
    try (S3BlobStore store = open()) {
      for (int size : new int[] {100_000, IN_PARTS}) {
        byte[] content = new byte[size];
        new Random(size).nextBytes(content);
        putAtATime(store, content);
        assertThat(Channels.newInputStream(store.open(digest(content).location(), 0)))
            .hasBinaryContent(content);
      }
      try (Stream<BlobStat> blobs = store.list()) {
        assertThat(blobs).hasSize(2);
      }
    }
    assertThat(bucket.unfinishedUploads()).isEmpty();
  }

  @Test
  void aServerThatDoesNotCheckDigestsIsNotBelievedToKnowAny() throws Exception {
    proxy.inject(new Fault.WithoutHeader("x-amz-checksum-sha256"));
    byte[] content = new byte[1000];
    try (S3BlobStore store = open()) {
      proxy.heal(); // from now on it says digests, which it might just have been told
      putAtATime(store, content);

      assertThat(store.stat(digest(content).location()).orElseThrow().digest()).isEmpty();
    }
    try (S3BlobStore store = open()) {
      assertThat(store.stat(digest(content).location()).orElseThrow().digest())
          .contains(digest(content));
    }
  }

  private S3BlobStore open() throws IOException {
    return S3BlobStore.open(
        S3TestOptions.of(proxy.endpoint(), bucket.name(), temp, "n1", S3TestOptions.TIMEOUT));
  }

  private static void putAtATime(S3BlobStore store, byte[] content) throws Exception {
    Sha256 digest = digest(content);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<String>> puts = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        puts.add(
            () -> {
              Path file = store.stagingDirectory().resolve("staged-" + UUID.randomUUID());
              store.put(Files.write(file, content), digest.location(), digest, content.length);
              return digest.location();
            });
      }
      for (Future<String> put : threads.invokeAll(puts)) {
        assertThat(put.get()).isNotEmpty();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static Sha256 digest(byte[] content) {
    var sha256 = Hashing.newSha256();
    sha256.update(content);
    return Hashing.finish(sha256);
  }
}
