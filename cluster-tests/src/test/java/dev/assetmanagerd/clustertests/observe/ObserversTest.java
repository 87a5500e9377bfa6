package dev.assetmanagerd.clustertests.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.LeaseBook;
import dev.assetmanagerd.clustertests.client.RandomContent;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.Session;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  @ParameterizedTest
  @ValueSource(
      strings = {
        "unavailable",
        "deadline_exceeded",
        "resource_exhausted",
        "cancelled",
        "canceled",
        CallFailedException.CONNECTION_LOST,
        CallFailedException.NOT_CONNECTED
      })
  void aNodeThatCannotAnswerNowBreaksNoPromise(String code) {
    Findings findings = lookThatFailsWith(code);
    assertThat(findings.violations()).isEmpty();
    assertThat(findings.count("missed looks")).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"internal", "data_loss", "unknown", "invalid_argument"})
  void aNodeThatFailsALookOfItselfIsSeen(String code) {
    assertThat(lookThatFailsWith(code).violations()).isNotEmpty();
  }

  private static Findings lookThatFailsWith(String code) {
    Observer failing =
        new Observer("failing", Duration.ofMillis(1)) {
          @Override
          void look(Findings findings) throws CallFailedException {
            findings.count("tries", 1);
            throw new CallFailedException(code, "for a test", null);
          }
        };
    try (failing) {
      failing.start();
      await().atMost(Duration.ofSeconds(20)).until(() -> failing.findings().count("tries") > 1);
      return failing.stop();
    }
  }

  @Test
  void inTheEndAssetsCountTheLeasesThatAreListedForThem() {
    Lease lease = Lease.newBuilder().setId("l").setAssetId("a").build();
    Asset right = Asset.newBuilder().setId("a").setReferenceCount(1).build();
    Asset wrong = Asset.newBuilder().setId("b").setReferenceCount(2).build();
    QuietLeases leases = new QuietLeases(Set.of());

    assertThat(leases.look(List.of(right), List.of(lease), List.of(), 0).isFine()).isTrue();
    assertThat(leases.look(List.of(right, wrong), List.of(lease), List.of(), 0).notYet())
        .containsExactly("b has a reference count of 2, and 0 leases are listed");
    assertThat(leases.look(List.of(), List.of(lease), List.of(), 0).notYet())
        .containsExactly("leases are listed on a, which is not");
  }

  @Test
  void inTheEndLeasesAndSessionsComeToTheirEnd() {
    Lease mortal = Lease.newBuilder().setId("l").setTtlSeconds(5).setExpiresInMillis(4000).build();
    Lease kept = Lease.newBuilder().setId("s-l").setSessionId("s").setExpiresInMillis(9000).build();
    Session session = Session.newBuilder().setId("s").setExpiresInMillis(9000).build();
    QuietLeases leases = new QuietLeases(Set.of());
    List<Asset> assets = List.of(Asset.newBuilder().setReferenceCount(2).build());

    assertThat(look(leases, assets, List.of(mortal, kept), List.of(session), 0).broken()).isEmpty();
    assertThat(look(leases, assets, List.of(mortal, kept), List.of(session), 6.9).broken())
        .isEmpty();
    assertThat(look(leases, assets, List.of(mortal, kept), List.of(session), 7.2).broken())
        .singleElement()
        .asString()
        .startsWith("lease l of ");
    assertThat(leases.ended()).isZero();
    assertThat(look(leases, List.of(), List.of(), List.of(session), 12.5).broken())
        .singleElement()
        .asString()
        .startsWith("session s is there");
    assertThat(look(leases, List.of(), List.of(), List.of(), 13).isFine()).isTrue();
    assertThat(leases.ended()).isEqualTo(3);
  }

  @Test
  void aSessionThatWasClosedIsGone() {
    Session session = Session.newBuilder().setId("s").setExpiresInMillis(9000).build();
    QuietLeases leases = new QuietLeases(Set.of("s"));
    assertThat(look(leases, List.of(), List.of(), List.of(session), 0).broken())
        .containsExactly("session s was closed and is there");
  }

  private static QuietLeases.Look look(
      QuietLeases leases,
      List<Asset> assets,
      List<Lease> listed,
      List<Session> sessions,
      double seconds) {
    return leases.look(assets, listed, sessions, (long) (seconds * 1e9));
  }

  @Test
  void aLeaseIsLateByWhatGoesBeyondTwoTicksAndTheTimeWithoutALeader() {
    Promise promise = new Promise(Duration.ofSeconds(5), System.nanoTime());
    long inTime = promise.atMostUntil() + Duration.ofSeconds(2).toNanos();
    long late = inTime + Duration.ofMillis(100).toNanos();
    long handOver = Duration.ofMillis(200).toNanos();

    assertThat(LeaseWatch.late("l", inTime, promise, (from, to) -> 0)).isEmpty();
    assertThat(LeaseWatch.late("l", late, promise, (from, to) -> 0)).isPresent();
    assertThat(LeaseWatch.late("l", late, promise, (from, to) -> handOver)).isEmpty();
    assertThat(
            LeaseWatch.late(
                "l",
                late,
                promise,
                (from, to) -> from == promise.latestBegin() && to == late ? 0 : handOver))
        .as("asked for the lease's own life")
        .isPresent();

    promise.perhapsRenewed();
    assertThat(LeaseWatch.late("l", late, promise, (from, to) -> 0)).isEmpty();
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
