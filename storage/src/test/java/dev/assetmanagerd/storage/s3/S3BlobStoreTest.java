package dev.assetmanagerd.storage.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.blob.BlobCompanion;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.BlobStoreContract;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.BlobTooLargeException;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;

@Timeout(120)
class S3BlobStoreTest extends BlobStoreContract {
  private static final int IN_PARTS = (int) (2 * S3TestOptions.PART_BYTES + 12_345);

  @TempDir private Path temp;
  private final S3Server server = S3Server.shared();
  private final List<S3BlobStore> opened = new ArrayList<>();
  private final RawBucket bucket = RawBucket.create();

  @Override
  protected BlobStore openStore() throws IOException {
    return open("n1");
  }

  @Override
  protected BlobStore openStoreOfAnotherNode() throws IOException {
    return open("n2");
  }

  @AfterEach
  void close() {
    opened.forEach(S3BlobStore::close);
  }

  @Test
  void aBlobLiesUnderThePrefixAndItsDigestAndNothingElseIsLeftInTheBucket() throws IOException {
    BlobStat small = put(content(1000, 1));
    BlobStat inParts = put(content(IN_PARTS, 2));

    assertThat(bucket.keys())
        .containsExactlyInAnyOrder(
            "some/prefix/" + small.location(), "some/prefix/" + inParts.location());
    assertThat(bucket.unfinishedUploads()).isEmpty();
  }

  @Test
  void ofWhatWasSetAsideOnlyWhatIsInItsPlaceAgainIsEverDeleted() throws IOException {
    for (int i = 0; i < 10; i++) {
      assertThat(store().setAside(put(content(100, 40 + i)), false)).isTrue();
    }
    assertThat(quarantined()).as("none is in its place again").hasSize(10);

    for (int i = 0; i < 9; i++) {
      put(content(100, 40 + i));
    }
    assertThat(store().setAside(put(content(100, 60)), true)).isTrue();

    assertThat(quarantined())
        .as("8 of those in their place again, the one that is not, and the last")
        .hasSize(10)
        .anyMatch(key -> key.endsWith(digest(content(100, 49)).hex()));
  }

  @Test
  void anObjectWithTheLongestOfKeysCanBeSetAside() throws IOException {
    String location = ("x".repeat(250) + "/").repeat(3) + "x".repeat(250);
    bucket.put("some/prefix/" + location, "wrong");

    assertThat(store().setAside(store().stat(location).orElseThrow(), false)).isTrue();

    assertThat(bucket.keys()).hasSize(1).isEqualTo(quarantined());
  }

  @Test
  void anObjectTooLargeToKeepACopyOfIsRemovedOnlyWhereItCanBeReplaced() throws IOException {
    BlobStat blob = put(content(1000, 61));
    S3Options options = S3TestOptions.of(server.endpoint(), bucket.name(), temp);
    AwsCredentialsProvider credentials = S3Clients.credentials(options.credentials());
    try (SdkAsyncHttpClient http = S3Clients.http(options);
        S3AsyncClient client = S3Clients.client(options, credentials, http)) {
      S3Calls calls = new S3Calls(client, options);
      S3Keys keys = new S3Keys(options.bucket(), options.prefix());
      S3Quarantine quarantine = new S3Quarantine(calls, new S3Objects(calls), keys, 999);

      assertThatExceptionOfType(BlobTooLargeException.class)
          .isThrownBy(() -> quarantine.take(blob.location(), blob, false));
      assertThat(read(blob.location(), 0)).isEqualTo(content(1000, 61));

      assertThat(quarantine.take(blob.location(), blob, true)).isTrue();
    }
    assertThat(bucket.keys()).isEmpty();
  }

  private List<String> quarantined() {
    return bucket.keys().stream().filter(key -> key.contains("/.quarantine/")).toList();
  }

  @Test
  void aBlobOfSeveralPartsComesBackAsItWas() throws IOException {
    byte[] content = content(IN_PARTS, 3);

    BlobStat put = put(content);

    assertThat(put.sizeBytes()).isEqualTo(IN_PARTS);
    assertThat(read(put.location(), 0)).isEqualTo(content);
  }

  @Test
  void theStoreAttestsTheDigestOfWhatCameInOnePieceAndOfNothingElse() throws IOException {
    byte[] small = content(1000, 4);

    assertThat(put(small).digest()).contains(digest(small));
    assertThat(put(content(IN_PARTS, 5)).digest()).isEmpty();

    bucket.put("some/prefix/foreign", "no checksum of SHA-256");
    assertThat(store().stat("foreign").orElseThrow().digest()).isEmpty();
  }

  @Test
  void bytesThatDoNotHaveTheAnnouncedDigestAreNeverStored() throws IOException {
    for (int size : new int[] {1000, IN_PARTS}) {
      byte[] announced = content(size, 6);
      Path other = stage(content(size, 7));

      assertThatExceptionOfType(IOException.class)
          .as("%d bytes", size)
          .isThrownBy(
              () -> store().put(other, digest(announced).location(), digest(announced), size));
    }
    assertThat(bucket.keys()).isEmpty();
    assertThat(bucket.unfinishedUploads()).isEmpty();
    assertThat(staged()).isEmpty();
  }

  @Test
  void anObjectOfAnotherSizeInABlobsPlaceIsReplaced() throws IOException {
    byte[] content = content(1000, 8);
    bucket.put("some/prefix/" + digest(content).location(), "damaged");

    put(content);

    assertThat(read(digest(content).location(), 0)).isEqualTo(content);
  }

  @Test
  void anObjectOfAnotherDigestInABlobsPlaceIsReplacedWhereTheStoreSaysSo() throws IOException {
    byte[] content = content(1000, 81);
    bucket.putDigested("some/prefix/" + digest(content).location(), content(1000, 82));

    put(content);

    assertThat(read(digest(content).location(), 0)).isEqualTo(content);
  }

  @Test
  void objectsPutThereByOthersAreFoundByTheirKeyUnderThePrefixOrTheirUrl() throws IOException {
    bucket.put("some/prefix/images/ä b.ext4", "image");
    String url = "s3://" + bucket.name() + "/some/prefix/images/ä b.ext4";

    assertThat(store().stat("images/ä b.ext4")).map(BlobStat::sizeBytes).contains(5L);
    assertThat(store().stat(url)).map(BlobStat::location).contains("images/ä b.ext4");
    assertThat(read(url, 0)).asString(UTF_8).isEqualTo("image");
    assertThat(listed()).as("only what lies under its digest").isEmpty();
  }

  @Test
  void nothingOutsideThePrefixOrTheBucketCanBeReached() throws IOException {
    bucket.put("secret", "x");
    bucket.put("some/prefix-of-others/secret", "x");
    bucket.put("some/prefix/.uploads/secret", "x");

    for (String location :
        List.of(
            "s3://" + bucket.name() + "/secret",
            "s3://" + bucket.name() + "/some/prefix-of-others/secret",
            "s3://" + bucket.name() + "/some/prefix/../secret",
            "s3://" + bucket.name() + "/some/prefix/.uploads/secret",
            "s3://" + bucket.name() + "/some/prefix/",
            "s3://" + bucket.name(),
            "s3://other/some/prefix/secret",
            "s3://",
            "S3://" + bucket.name() + "/some/prefix/secret",
            "https://" + bucket.name() + "/some/prefix/secret",
            "../secret",
            "/secret")) {
      assertThatExceptionOfType(InvalidLocationException.class)
          .as(location)
          .isThrownBy(() -> store().stat(location));
      assertThatExceptionOfType(InvalidLocationException.class)
          .as(location)
          .isThrownBy(() -> store().delete(location));
    }
    assertThat(bucket.keys()).hasSize(3);
  }

  @Test
  void aCompanionIsReadableAndGoesWithItsBlob() throws IOException {
    String location = put(content(1000, 9)).location();
    String companion = BlobCompanion.locationOf(location);
    bucket.put("some/prefix/" + companion, "{}");

    assertThat(read(companion, 0)).asString(UTF_8).isEqualTo("{}");
    assertThat(listed()).extracting(BlobStat::location).containsExactly(location);
    assertThat(store().delete(location)).isTrue();

    assertThat(bucket.keys()).isEmpty();
  }

  @Test
  void aListingGoesThroughAllPages() throws IOException {
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 1203; i++) {
      expected.add(digest("blob " + i).location());
    }
    bucket.putAll(expected.stream().map(location -> "some/prefix/" + location).toList());

    assertThat(listed())
        .extracting(BlobStat::location)
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void openingDeletesOnlyThisNodesLeftovers() throws IOException {
    Path own = stage(content(10, 10));
    Path foreign = Files.writeString(store().stagingDirectory().resolve("not-ours"), "x");

    open("n1");

    assertThat(own).doesNotExist();
    assertThat(foreign).exists();
  }

  @Test
  void uploadsInPartsThatNobodyEndsAreAbortedWhenTheyAreOldAndOurs() throws IOException {
    bucket.beginUpload("some/prefix/" + digest("blob").location());
    bucket.beginUpload("some/prefix/.uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV/x");
    bucket.beginUpload("some/prefix/images/of-others");
    bucket.beginUpload(digest("elsewhere").location());
    bucket.put("some/prefix/.probe/n1-left", "x");

    S3BlobStore store = open("n1");
    assertThat(store.deleteLeftovers(Duration.ofHours(1))).isZero();
    assertThat(store.deleteLeftovers(Duration.ofSeconds(-5))).isEqualTo(3);

    assertThat(bucket.unfinishedUploads())
        .containsExactlyInAnyOrder("some/prefix/images/of-others", digest("elsewhere").location());
    assertThat(bucket.keys()).isEmpty();
  }

  @Test
  void aBucketThatIsMissingIsNamedAndNotAnEmptyStore() throws IOException {
    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> open(server.endpoint(), "no-such-bucket", "n1"))
        .withMessageContaining("no-such-bucket")
        .withMessageContaining("no such bucket");

    String location = put(content(1000, 11)).location();
    store().delete(location);
    bucket.delete();

    byte[] content = content(10, 12);
    assertUnavailable(() -> store().stat(location));
    assertUnavailable(() -> store().open(location, 0));
    assertUnavailable(() -> store().delete(location));
    assertUnavailable(() -> listed());
    assertUnavailable(() -> store().storeTime());
    assertUnavailable(() -> put(content));
  }

  @Test
  void aServerThatIsNotThereIsNamedWithoutTheSecret() {
    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> open(URI.create("http://127.0.0.1:1"), bucket.name(), "n1"))
        .withMessageContaining("http://127.0.0.1:1")
        .satisfies(
            e ->
                assertThat(e.getMessage())
                    .doesNotContain("key-of-the-test")
                    .doesNotContain("secret-of-the-test"));
  }

  @Test
  void aServerThatKnowsNoNewerChecksumsIsSpokenToInMd5() throws IOException {
    S3BlobStore old =
        S3BlobStore.open(
            S3TestOptions.of(
                server.endpoint(),
                bucket.name(),
                temp.resolve("old"),
                "n3",
                S3TestOptions.TIMEOUT,
                S3Checksums.WHEN_REQUIRED,
                false));
    opened.add(old);
    for (int size : new int[] {0, 1000, IN_PARTS}) {
      byte[] content = content(size, 13);
      Path staged = Files.write(old.stagingDirectory().resolve("f" + size), content);
      old.put(staged, digest(content).location(), digest(content), size);
      assertThat(read(digest(content).location(), 0)).isEqualTo(content);
    }
  }

  private S3BlobStore open(String nodeId) throws IOException {
    return open(server.endpoint(), bucket.name(), nodeId);
  }

  private S3BlobStore open(URI endpoint, String bucketName, String nodeId) throws IOException {
    S3BlobStore store =
        S3BlobStore.open(
            S3TestOptions.of(
                endpoint, bucketName, temp.resolve(nodeId), nodeId, S3TestOptions.TIMEOUT));
    opened.add(store);
    return store;
  }

  private static void assertUnavailable(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatExceptionOfType(BlobStoreUnavailableException.class).isThrownBy(call);
  }
}
