package dev.assetmanagerd.storage.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.s3server.Fault;
import dev.assetmanagerd.s3server.FaultProxy;
import dev.assetmanagerd.s3server.ProxiedRequest;
import dev.assetmanagerd.s3server.S3Server;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A broken line to the store: every call ends in time, and no blob is ever a wrong one. */
@Tag("cluster")
@Timeout(60)
class S3FaultsTest {
  private static final Duration TIMEOUT = Duration.ofMillis(2400);

  /** What a call may take: its time, that of a clean-up after it, and a busy machine's delays. */
  private static final Duration LIMIT = Duration.ofSeconds(12);

  private static final int SMALL = 200_000;
  private static final int IN_PARTS = (int) (S3TestOptions.PART_BYTES + 12_345);

  /** Faults that no repetition gets round, as they hit every request that matters to them. */
  static final List<Fault> LASTING =
      List.of(
          new Fault.Status(500),
          new Fault.Status(503),
          new Fault.LostAnswer(),
          new Fault.ResetRequest(50_000),
          new Fault.FlipRequest(50_000),
          new Fault.Slow(10_000),
          new Fault.BlackHole());

  @TempDir private Path temp;
  private final RawBucket bucket = RawBucket.create();

  @SuppressWarnings("NullAway.Init") // set before each test
  private FaultProxy proxy;

  @SuppressWarnings("NullAway.Init") // set before each test
  private S3BlobStore store;

  @BeforeEach
  void open() throws IOException {
    proxy = FaultProxy.start(S3Server.shared().endpoint());
    store =
        S3BlobStore.open(S3TestOptions.of(proxy.endpoint(), bucket.name(), temp, "n1", TIMEOUT));
  }

  @AfterEach
  void close() throws IOException {
    store.close();
    proxy.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 503})
  void errorsThatPassAreGotRound(int status) throws IOException {
    proxy.inject(request -> true, 0.1, new Fault.Status(status));

    for (int i = 0; i < 5; i++) {
      byte[] content = content(i == 0 ? IN_PARTS : SMALL, i);
      put(content);
      assertThat(read(content)).isEqualTo(content);
      assertThat(store.stat(digest(content).location())).isPresent();
    }
    assertThat(listed()).hasSize(5);
  }

  @Test
  void anAnswerThatIsLostIsNoReasonForAFailureNorForASecondBlob() throws IOException {
    byte[] small = content(SMALL, 10);
    proxy.injectTimes(S3FaultsTest::isPut, 1, new Fault.LostAnswer());
    put(small);
    byte[] large = content(IN_PARTS, 11);
    proxy.injectTimes(S3FaultsTest::isCreation, 1, new Fault.LostAnswer());
    proxy.injectTimes(S3FaultsTest::isPut, 1, new Fault.LostAnswer());
    proxy.injectTimes(S3FaultsTest::isCompletion, 1, new Fault.LostAnswer());
    put(large);

    assertThat(read(small)).isEqualTo(small);
    assertThat(read(large)).isEqualTo(large);
    assertThat(listed()).hasSize(2);
  }

  /** What a server says that has forgotten uploads once they are complete. */
  @Test
  void thatThereIsNoSuchUploadAnyMoreIsNoFailureOnceTheBlobIsThere() throws IOException {
    byte[] large = content(IN_PARTS, 21);
    proxy.injectTimes(S3FaultsTest::isCompletion, 1, new Fault.LostAnswer());
    proxy.injectTimes(S3FaultsTest::isCompletion, 1, new Fault.Status(404));
    put(large);

    assertThat(read(large)).isEqualTo(large);
    assertThat(listed()).hasSize(1);
    assertThat(bucket.unfinishedUploads()).isEmpty();
  }

  @Test
  void anUploadThatIsGoneBeforeItIsCompleteIsBegunAgain() throws IOException {
    byte[] large = content(IN_PARTS, 22);
    proxy.injectTimes(S3FaultsTest::isCompletion, 1, new Fault.Status(404));
    put(large);

    assertThat(read(large)).isEqualTo(large);
    assertThat(bucket.unfinishedUploads()).isEmpty();
  }

  @Test
  void uploadsThatAreAlwaysGoneEndInAnError() {
    proxy.inject(S3FaultsTest::isCompletion, 1, new Fault.Status(404));

    assertThatExceptionOfType(BlobStoreUnavailableException.class)
        .isThrownBy(() -> put(content(IN_PARTS, 23)))
        .withMessageContaining("comes and goes");
    proxy.heal();
    assertThat(bucket.unfinishedUploads()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 65_536, 1_000_000})
  void readingGoesOnBehindTheLastByteWhenTheLineBreaks(int afterBytes) throws IOException {
    byte[] content = content(afterBytes * 3, 12);
    put(content);

    proxy.inject(S3FaultsTest::isGet, 1, new Fault.ResetResponse(afterBytes));
    assertThat(read(content)).isEqualTo(content);

    proxy.heal();
    proxy.inject(S3FaultsTest::isGet, 1, new Fault.TruncateResponse(afterBytes));
    assertThat(read(content)).isEqualTo(content);
  }

  @Test
  void readingGoesOnWhenNothingMoreComes() throws IOException {
    byte[] content = content(1_000_000, 13);
    put(content);

    proxy.injectTimes(S3FaultsTest::isGet, 2, new Fault.StallResponse(300_000));

    assertThat(read(content)).isEqualTo(content);
  }

  @Test
  void readingNeverGoesOnInAnotherObject() throws IOException {
    byte[] content = content(3_000_000, 14);
    put(content);
    proxy.injectTimes(S3FaultsTest::isGet, 1, new Fault.ResetResponse(1_000_000));

    try (ReadableByteChannel channel = store.open(digest(content).location(), 0)) {
      channel.read(ByteBuffer.allocate(10));
      bucket.put("some/prefix/" + digest(content).location(), "x".repeat(3_000_000));
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> Channels.newInputStream(channel).readAllBytes())
          .withMessageContaining("replaced");
    }
  }

  @Test
  void aSlowLineIsReadFromAsLongAsBytesCome() throws IOException {
    byte[] content = content(40_000, 15); // takes longer than any one call may
    put(content);
    proxy.inject(S3FaultsTest::isGet, 1, new Fault.Slow(10_000));

    assertThat(read(content)).isEqualTo(content);
  }

  @Test
  void aReaderThatPausesForLongerThanTheLineHoldsGoesOn() throws IOException {
    byte[] content = content(3_000_000, 21);
    put(content);

    try (ReadableByteChannel channel = store.open(digest(content).location(), 0)) {
      ByteBuffer head = ByteBuffer.allocate(1000);
      assertThat(channel.read(head)).isPositive();
      int before = proxy.requests().size();
      await().pollDelay(TIMEOUT.plusMillis(600)).until(() -> true);
      byte[] rest = Channels.newInputStream(channel).readAllBytes();

      assertThat(head.position() + rest.length).isEqualTo(content.length);
      assertThat(Arrays.copyOfRange(content, head.position(), content.length)).isEqualTo(rest);
      assertThat(proxy.requests().size() - before).isLessThan(5);
    }
  }

  @Test
  void aByteThatIsDamagedOnTheWayInIsNoticedAndSentAgain() throws IOException {
    for (int size : new int[] {SMALL, IN_PARTS}) {
      byte[] content = content(size, 16);
      proxy.injectTimes(S3FaultsTest::isPut, 1, new Fault.FlipRequest(100_000));

      put(content);

      assertThat(read(content)).isEqualTo(content);
    }
  }

  @ParameterizedTest
  @FieldSource("LASTING")
  void aPutThatCannotSucceedEndsInTimeAndPublishesNothingWrong(Fault fault) throws Exception {
    Predicate<ProxiedRequest> onlyBodies = r -> isPut(r) || r.method().equals("POST");
    proxy.inject(onlyBodies, 1, fault);

    Map<String, Callable<?>> calls = new LinkedHashMap<>();
    byte[] small = content(SMALL, 17);
    byte[] large = content(IN_PARTS, 18);
    calls.put("small", () -> put(small));
    calls.put("in parts", () -> put(large));
    List<String> failed = failuresInTime(calls);

    proxy.heal();
    for (BlobStat blob : listed()) {
      assertThat(digest(Channels.newInputStream(store.open(blob.location(), 0)).readAllBytes()))
          .as("the bytes of %s, with %s", blob, failed)
          .isEqualTo(new Sha256(blob.location().substring(3)));
    }
    boolean mayBeThere = fault instanceof Fault.LostAnswer;
    assertThat(failed).as("calls that failed").hasSize(mayBeThere ? failed.size() : 2);
    assertThat(listed()).hasSizeLessThanOrEqualTo(mayBeThere ? 2 : 0);
    try (Stream<Path> files = Files.list(store.stagingDirectory())) {
      assertThat(files).as("staged files").isEmpty();
    }
    put(small);
    put(large);
    assertThat(read(small)).isEqualTo(small);
    assertThat(read(large)).isEqualTo(large);
  }

  @ParameterizedTest
  @FieldSource("LASTING")
  void everyOtherCallEndsInTimeToo(Fault fault) throws Exception {
    byte[] content = content(SMALL, 19);
    String location = digest(content).location();
    put(content);
    proxy.inject(fault);

    Map<String, Callable<?>> calls = new LinkedHashMap<>();
    calls.put("stat", () -> store.stat(location));
    calls.put("open", () -> closed(store.open(location, 100)));
    calls.put("localFile", () -> store.localFile(location));
    calls.put("list", this::listed);
    calls.put("storeTime", () -> store.storeTime());
    calls.put("cleanUp", () -> store.cleanUp(Duration.ofHours(1)));
    calls.put("delete", () -> store.delete(digest(new byte[1]).location()));
    List<String> failed = failuresInTime(calls);

    boolean mattersWithoutBody =
        fault instanceof Fault.Status
            || fault instanceof Fault.BlackHole
            || fault instanceof Fault.LostAnswer;
    assertThat(failed).hasSize(mattersWithoutBody ? calls.size() : 0);
    proxy.heal();
    assertThat(read(content)).isEqualTo(content);
  }

  @Test
  void aReadThatStallsForGoodEndsInTime() throws Exception {
    byte[] content = content(SMALL, 20);
    put(content);
    proxy.injectTimes(S3FaultsTest::isGet, 1, new Fault.StallResponse(1000));
    proxy.inject(new Fault.BlackHole());

    Map<String, Callable<?>> calls = Map.of("read", () -> read(content));
    assertThat(failuresInTime(calls)).hasSize(1);
  }

  /** Makes the calls at the same time; those that failed, each in time and with a typed error. */
  private static List<String> failuresInTime(Map<String, Callable<?>> calls) throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      Map<String, Future<String>> running = new LinkedHashMap<>();
      calls.forEach((name, call) -> running.put(name, threads.submit(() -> outcome(name, call))));
      List<String> failed = new ArrayList<>();
      for (Future<String> outcome : running.values()) {
        String failure = outcome.get();
        if (!failure.isEmpty()) {
          failed.add(failure);
        }
      }
      return failed;
    } finally {
      threads.shutdownNow();
    }
  }

  private static String outcome(String name, Callable<?> call) throws Exception {
    long begin = System.nanoTime();
    String failure = "";
    try {
      call.call();
    } catch (IOException e) {
      failure = name + ": " + e;
      if (!name.equals("small") && !name.equals("in parts")) {
        assertThat(e).as(name).isInstanceOf(BlobStoreUnavailableException.class);
      }
    }
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).as(name).isLessThan(LIMIT);
    return failure;
  }

  private static boolean isPut(ProxiedRequest request) {
    return request.method().equals("PUT");
  }

  private static boolean isCreation(ProxiedRequest request) {
    return request.method().equals("POST") && !request.query().contains("uploadId");
  }

  private static boolean isCompletion(ProxiedRequest request) {
    return request.method().equals("POST") && request.query().contains("uploadId");
  }

  private static boolean isGet(ProxiedRequest request) {
    return request.method().equals("GET");
  }

  private String put(byte[] content) throws IOException {
    Path staged =
        Files.write(store.stagingDirectory().resolve("staged-" + content.length), content);
    String location = digest(content).location();
    store.put(staged, location, digest(content), content.length);
    return location;
  }

  private byte[] read(byte[] content) throws IOException {
    try (ReadableByteChannel channel = store.open(digest(content).location(), 0)) {
      return Channels.newInputStream(channel).readAllBytes();
    }
  }

  private static String closed(ReadableByteChannel channel) throws IOException {
    channel.close();
    return "closed";
  }

  private List<BlobStat> listed() throws IOException {
    try (Stream<BlobStat> blobs = store.list()) {
      return blobs.toList();
    }
  }

  private static byte[] content(int size, long seed) {
    byte[] content = new byte[size];
    new Random(seed).nextBytes(content);
    return content;
  }

  private static Sha256 digest(byte[] content) {
    var sha256 = Hashing.newSha256();
    sha256.update(content);
    return Hashing.finish(sha256);
  }
}
