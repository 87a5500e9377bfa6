package dev.assetmanagerd.clustertests.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.client.RandomContent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Those who watch the product see what is wrong, and nothing else. */
final class ObserversTest {
  private static final RandomContent CONTENT = new RandomContent(1, 5_000);

  @TempDir Path store;

  private final LeaseBook book = new LeaseBook();

  @Test
  void aLeasedBlobThatIsThereAndRightIsNoViolation() throws Exception {
    hold("ab/blob");
    write("ab/blob", CONTENT);

    assertThat(violationsOfBlobs()).isEmpty();
  }

  @Test
  void aLeasedBlobThatIsMissingIsSeen() {
    hold("ab/blob");

    assertThat(violationsOfBlobs()).singleElement().asString().contains("is missing");
  }

  @Test
  void aLeasedBlobWithOtherBytesIsSeen() throws Exception {
    hold("ab/blob");
    write("ab/blob", new RandomContent(2, 5_000));

    assertThat(violationsOfBlobs()).singleElement().asString().contains("lease-1");
  }

  @Test
  void aBlobWhoseLeaseWasGivenBackMayBeMissing() {
    LeaseBook.Held lease = hold("ab/blob");
    book.releasing(lease);

    assertThat(violationsOfBlobs()).isEmpty();
  }

  @Test
  void leasesAreCountedBetweenThoseThatAreSureAndThoseThatArePossible() {
    LeaseBook.Held first = hold("ab/blob");
    book.acquiring("asset-1");
    LeaseBook.Look look = book.look();
    assertThat(look.bounds("asset-1")).isEqualTo(new LeaseBook.Bounds(1, 2));

    book.acquiring("asset-1");
    book.releasing(first);
    assertThat(look.bounds("asset-1")).isEqualTo(new LeaseBook.Bounds(0, 3));

    book.released(first);
    book.refused("asset-1");
    assertThat(look.bounds("asset-1"))
        .as("what was true at the begin")
        .isEqualTo(new LeaseBook.Bounds(0, 3));
    assertThat(book.look().bounds("asset-1")).isEqualTo(new LeaseBook.Bounds(0, 1));
    assertThat(book.look().bounds("unheard of")).isEqualTo(new LeaseBook.Bounds(0, 0));
  }

  @Test
  void aStoreWithABlobTooManyOrTooFewIsSeen() throws Exception {
    write("ab/needed", CONTENT);
    write("ab/orphan", CONTENT);
    write(".staging/n1-1", CONTENT);
    Asset fine = Asset.newBuilder().setId("fine").setLocation("ab/needed").build();
    Asset broken = Asset.newBuilder().setId("broken").setLocation("cd/lost").build();

    assertThat(StoreAudit.check(store, List.of(fine, broken)))
        .containsExactlyInAnyOrder(
            "left over from an upload: .staging/n1-1",
            "no asset refers to the blob ab/orphan",
            "missing is the blob of broken, cd/lost");
  }

  @Test
  void aPromiseHoldsFromTheBeginOfTheCallAndEndsAfterItsAnswer() {
    long begin = System.nanoTime();
    Promise promise = new Promise(Duration.ofSeconds(5), begin);
    assertThat(promise.surelyUntil()).isEqualTo(begin + Duration.ofSeconds(5).toNanos());
    assertThat(promise.atMostUntil()).isGreaterThanOrEqualTo(promise.surelyUntil());

    promise.perhapsRenewed();
    assertThat(promise.endIsKnown()).isFalse();
    assertThat(promise.surelyUntil()).isEqualTo(begin + Duration.ofSeconds(5).toNanos());
    long again = System.nanoTime();
    promise.renewed(again);
    assertThat(promise.surelyUntil()).isEqualTo(again + Duration.ofSeconds(5).toNanos());
    assertThat(promise.endIsKnown()).isTrue();
  }

  private LeaseBook.Held hold(String location) {
    LeaseBook.Held lease = new LeaseBook.Held("lease-1", "asset-1", location, CONTENT.sha256());
    book.acquiring(lease.assetId());
    book.acquired(lease);
    return lease;
  }

  private void write(String location, RandomContent content) throws IOException {
    Path file = store.resolve(location);
    Files.createDirectories(file.getParent());
    try (InputStream bytes = content.open()) {
      Files.copy(bytes, file);
    }
  }

  /** One look, and whatever follows before it is stopped. */
  private Set<String> violationsOfBlobs() {
    try (BlobObserver observer = new BlobObserver(store, book)) {
      observer.start();
      await().atMost(Duration.ofSeconds(20)).until(() -> observer.findings().count("looks") > 0);
      Findings findings = observer.stop();
      assertThat(findings.count("missed looks")).isZero();
      return Set.copyOf(findings.violations()); // the same is found at each look
    }
  }
}
