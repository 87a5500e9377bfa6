package dev.assetmanagerd.storage.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.DirectUploads;
import dev.assetmanagerd.storage.blob.DirectUploads.SignedRequest;
import dev.assetmanagerd.storage.blob.DirectUploads.Taken;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.blob.UploadChangedException;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class S3DirectUploadsTest {
  private static final String UPLOAD = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  private static final String DIRECT = "some/prefix/.uploads/" + UPLOAD + "/direct";
  private static final int SIZE = 300_000;

  @TempDir private Path temp;
  private final RawBucket bucket = RawBucket.create();
  private final byte[] content = content(1);
  private final Sha256 digest = digest(content);

  @SuppressWarnings("NullAway.Init") // set before each test
  private S3BlobStore store;

  @SuppressWarnings("NullAway.Init") // set before each test
  private DirectUploads uploads;

  @BeforeEach
  void open() throws IOException {
    store = S3BlobStore.open(S3TestOptions.of(S3Server.shared().endpoint(), bucket.name(), temp));
    uploads = store.directUploads();
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void whatAClientBringsPastTheNodeBecomesABlobWhenItIsPublishedAndNotBefore() throws Exception {
    assertThat(uploads.stat(UPLOAD)).isEmpty();

    assertThat(send(sign(), content)).isEqualTo(200);

    BlobStat stored = uploads.stat(UPLOAD).orElseThrow();
    assertThat(stored.sizeBytes()).isEqualTo(SIZE);
    assertThat(stored.digest()).contains(digest);
    assertThat(blobs()).isZero();

    try (Taken taken = uploads.take(UPLOAD, stored)) {
      assertThat(taken.stat().digest()).contains(digest);
      assertThat(readAll(taken.open())).isEqualTo(content);
      assertThat(bucket.keys()).as("what there is to copy").containsExactly(DIRECT);
      taken.publish(digest.location(), digest);
      taken.publish(digest.location(), digest);
    }

    assertThat(store.stat(digest.location())).map(BlobStat::sizeBytes).contains((long) SIZE);
    assertThat(store.stat(digest.location()).flatMap(BlobStat::digest)).contains(digest);
    assertThat(readAll(store.open(digest.location(), 0))).isEqualTo(content);
    assertThat(blobs()).isEqualTo(1);
  }

  @Test
  void whatWasBroughtIsAmongThePartsOfTheUploadAndGoesWithThem() throws Exception {
    send(sign(), content);

    try (Stream<BlobParts.Upload> all = store.parts().listUploads()) {
      assertThat(all).extracting(BlobParts.Upload::uploadId).containsExactly(UPLOAD);
    }
    store.parts().deleteParts(UPLOAD);

    assertThat(uploads.stat(UPLOAD)).isEmpty();
    assertThat(bucket.keys()).isEmpty();
  }

  @Test
  void otherBytesThanThoseThatWereSignedAreRefusedByTheStore() throws Exception {
    SignedRequest signed = sign();
    assertThat(signed.method()).isEqualTo("PUT");
    assertThat(signed.headers()).containsKey("x-amz-checksum-sha256");
    assertThat(signed.url().getQuery())
        .contains("x-amz-checksum-sha256")
        .contains("content-length")
        .doesNotContain("secret-of-the-test");

    assertThat(send(signed, content(2))).isBetween(400, 499);

    assertThat(uploads.stat(UPLOAD)).isEmpty();
  }

  @Test
  void whatHasChangedSinceItWasVerifiedIsNotPublished() throws Exception {
    send(sign(), content);
    try (Taken taken = uploads.take(UPLOAD, uploads.stat(UPLOAD).orElseThrow())) {
      bucket.put(DIRECT, "x".repeat(SIZE));

      assertThatExceptionOfType(UploadChangedException.class)
          .isThrownBy(() -> taken.publish(digest.location(), digest));
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(taken::open)
          .withMessageContaining("replaced");
    }

    assertThat(blobs()).isZero();
    assertThat(store.stat(digest.location())).isEmpty();
  }

  @Test
  void nothingIsPublishedUnderAnotherDigest() throws Exception {
    send(sign(), content);
    Sha256 other = digest(content(2));
    try (Taken taken = uploads.take(UPLOAD, uploads.stat(UPLOAD).orElseThrow())) {
      assertThatExceptionOfType(InvalidLocationException.class)
          .isThrownBy(() -> taken.publish(other.location(), digest));
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> taken.publish(other.location(), other))
          .withMessageContaining(digest.hex());
    }

    assertThat(blobs()).isZero();
  }

  @Test
  void aBlobOfWrongBytesThatTheStoreOwnsUpToIsReplaced() throws Exception {
    send(sign(), content);
    bucket.putDigested("some/prefix/" + digest.location(), content(2));

    try (Taken taken = uploads.take(UPLOAD, uploads.stat(UPLOAD).orElseThrow())) {
      taken.publish(digest.location(), digest);
    }

    assertThat(readAll(store.open(digest.location(), 0))).isEqualTo(content);
  }

  /** What it read when it came is what counts, were it to look the same to the store. */
  @Test
  void whereTheStoreDoesNotCheckDigestsNothingThatAClientDoesChangesWhatWasTaken()
      throws Exception {
    try (S3BlobStore unchecking = openUnchecking()) {
      DirectUploads direct = unchecking.directUploads();
      bucket.putBytes(DIRECT, content);
      BlobStat found = direct.stat(UPLOAD).orElseThrow();
      assertThat(found.digest()).as("attested").isEmpty();
      try (Taken taken = direct.take(UPLOAD, found)) {
        bucket.putBytes(DIRECT, content(2));

        assertThat(readAll(taken.open())).isEqualTo(content);
        taken.publish(digest.location(), digest);
      }

      assertThat(readAll(unchecking.open(digest.location(), 0))).isEqualTo(content);
      assertThat(bucket.keys())
          .containsExactlyInAnyOrder(DIRECT, "some/prefix/" + digest.location());
    }
  }

  @Test
  void bytesThatComeBackAfterOthersWereReadAreNeverPublished() throws Exception {
    try (S3BlobStore unchecking = openUnchecking()) {
      DirectUploads direct = unchecking.directUploads();
      bucket.putBytes(DIRECT, content(2));
      BlobStat found = direct.stat(UPLOAD).orElseThrow();

      bucket.putBytes(DIRECT, content);
      assertThatExceptionOfType(UploadChangedException.class)
          .isThrownBy(() -> direct.take(UPLOAD, found));

      bucket.putBytes(DIRECT, content(2));
      try (Taken taken = direct.take(UPLOAD, found)) {
        bucket.putBytes(DIRECT, content);
        assertThat(readAll(taken.open())).as("what is verified").isEqualTo(content(2));
      }
      assertThat(bucket.keys()).containsExactly(DIRECT);
    }
  }

  @Test
  void aDigestThatAClientMerelyClaimsAttestsNothing() throws Exception {
    try (S3BlobStore unchecking = openUnchecking()) {
      bucket.putDigested(DIRECT, content);
      bucket.putDigested("some/prefix/" + digest.location(), content);

      assertThat(unchecking.directUploads().stat(UPLOAD).flatMap(BlobStat::digest)).isEmpty();
      assertThat(unchecking.stat(digest.location()).flatMap(BlobStat::digest)).isEmpty();
    }
  }

  /** Told to use SHA-256 no more than it has to, it knows nothing of what clients bring. */
  private S3BlobStore openUnchecking() throws IOException {
    return S3BlobStore.open(
        S3TestOptions.of(
            S3Server.shared().endpoint(),
            bucket.name(),
            temp,
            "n2",
            S3TestOptions.TIMEOUT,
            S3Checksums.WHEN_REQUIRED,
            true));
  }

  private SignedRequest sign() throws IOException {
    return uploads.sign(UPLOAD, digest, SIZE, Duration.ofMinutes(5));
  }

  private static int send(SignedRequest signed, byte[] body) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(signed.url())
            .method(signed.method(), HttpRequest.BodyPublishers.ofByteArray(body));
    signed
        .headers()
        .forEach(
            (name, value) -> {
              if (!name.equalsIgnoreCase("content-length")) { // this client sends it by itself
                request.header(name, value);
              }
            });
    return HttpClient.newHttpClient()
        .send(request.build(), HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  private long blobs() throws IOException {
    try (Stream<BlobStat> all = store.list()) {
      return all.count();
    }
  }

  private static byte[] readAll(ReadableByteChannel channel) throws IOException {
    try (channel) {
      return Channels.newInputStream(channel).readAllBytes();
    }
  }

  private static byte[] content(int seed) {
    byte[] content = new byte[SIZE];
    new Random(seed).nextBytes(content);
    return content;
  }

  private static Sha256 digest(byte[] content) {
    var sha256 = Hashing.newSha256();
    sha256.update(ByteBuffer.wrap(content));
    return Hashing.finish(sha256);
  }
}
