package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.header;
import static dev.assetmanagerd.asset.ServiceFixture.kernel;
import static dev.assetmanagerd.asset.ServiceFixture.messages;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.api.v1.AcquireAssetRequest;
import dev.assetmanagerd.api.v1.AcquireAssetResponse;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.DeleteAssetRequest;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.RegisterAssetResponse;
import dev.assetmanagerd.api.v1.UploadAssetMetadata;
import dev.assetmanagerd.lease.v1.AcquireLeasesRequest;
import dev.assetmanagerd.lease.v1.CloseSessionRequest;
import dev.assetmanagerd.lease.v1.OpenSessionRequest;
import dev.assetmanagerd.lease.v1.ReleaseHolderRequest;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.IdempotencyKey;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes into the log of the header {@code Idempotency-Key}. */
class IdempotencyHeaderTest {
  private static final String HEADER = "idempotency-key";

  @TempDir Path directory;
  private ServiceFixture service;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
    service.upload(kernel("k").setId("k"), bytes(10, 1));
  }

  @AfterEach
  void stop() {
    service.close();
  }

  @Test
  void everyChangeCarriesTheKeyAndAFingerprintOfItsOwn() {
    var keyed = service.stubWithHeader(HEADER, "key-1");
    var unused = keyed.acquireAsset(acquire("vm").build());
    List<IdempotencyKey> acquired = keys(Command.KindCase.ACQUIRE_ASSET);
    var unusedToo =
        service
            .stubWithHeader(HEADER, "key-2")
            .deleteAsset(DeleteAssetRequest.newBuilder().setId("k").build());

    assertThat(acquired).extracting(IdempotencyKey::getKey).containsExactly("key-1");
    assertThat(acquired.get(0).getFingerprint().size()).isEqualTo(32);
    assertThat(keys(Command.KindCase.MARK_DELETING))
        .extracting(IdempotencyKey::getKey)
        .containsExactly("key-2");
  }

  @Test
  void aCallWithoutTheHeaderHasNoKey() {
    var unused = service.stub().acquireAsset(acquire("vm").build());

    assertThat(service.registry.applied()).noneMatch(Command::hasIdempotency);
  }

  @Test
  void bothNamesOfTheServiceAndEveryOrderOfLabelsCountAsTheSameRequest() {
    RegisterAssetRequest.Builder request =
        RegisterAssetRequest.newBuilder()
            .setName("r")
            .setType(AssetType.ASSET_TYPE_INITRD)
            .setLocation(service.registry.everything().get(0).getLocation());
    var headers = MetadataUtils.newAttachHeadersInterceptor(header(HEADER, "same"));
    RegisterAssetResponse first =
        service
            .stubWithHeader(HEADER, "same")
            .registerAsset(request.clone().putLabels("a", "1").putLabels("b", "2").build());
    RegisterAssetResponse second =
        dev.assetmanagerd.api.deploy.v1.AssetManagerServiceGrpc.newBlockingStub(service.channel())
            .withDeadlineAfter(20, TimeUnit.SECONDS)
            .withInterceptors(headers)
            .registerAsset(request.clone().putLabels("b", "2").putLabels("a", "1").build());

    assertThat(second).isEqualTo(first);
    assertThat(keys(Command.KindCase.REGISTER_ASSET)).as("registered once").hasSize(1);
  }

  @Test
  void anotherRequestAndAnotherSessionHaveAnotherFingerprint() {
    CallHeaders plain = CallHeaders.none();
    CallHeaders inSession = CallHeaders.of(header("assetmanager-session", "s1"));
    CallHeaders kept = CallHeaders.of(header("assetmanager-lease-ttl", "0s"));
    OnceKey first = OnceKey.of("k", "S/Acquire", plain, acquire("vm-1").build());

    assertThat(OnceKey.of("k", "S/Acquire", plain, acquire("vm-1").build())).isEqualTo(first);
    assertThat(
            List.of(
                OnceKey.of("k", "S/Acquire", plain, acquire("vm-2").build()),
                OnceKey.of("k", "S/Other", plain, acquire("vm-1").build()),
                OnceKey.of("k", "S/Acquire", inSession, acquire("vm-1").build()),
                OnceKey.of("k", "S/Acquire", kept, acquire("vm-1").build())))
        .doesNotContain(first)
        .doesNotHaveDuplicates();
  }

  @Test
  void anUploadIsKnownByItsMetadataAndItsBytesAndNotByItsChunks() {
    UploadAssetMetadata metadata = kernel("u").build();
    byte[] content = bytes(2500, 7);
    Asset first = service.send(header(HEADER, "up"), messages(metadata, content)).getAsset();
    Asset second =
        service
            .send(
                header(HEADER, "up"),
                messages(metadata, new byte[0])[0],
                ServiceFixture.chunk(content))
            .getAsset();

    assertThat(second).isEqualTo(first);
    assertThat(keys(Command.KindCase.REGISTER_ASSET)).as("registered once").hasSize(1);
  }

  @Test
  void aRepetitionGetsTheSameReplyAlsoWhenTheAssetAndItsBytesAreGone() {
    UploadAssetMetadata metadata = kernel("u").build();
    byte[] content = bytes(2500, 7);
    RegisterAssetRequest request =
        RegisterAssetRequest.newBuilder()
            .setName("r")
            .setType(AssetType.ASSET_TYPE_INITRD)
            .setLocation(service.registry.everything().get(0).getLocation())
            .build();
    Asset uploaded = service.send(header(HEADER, "up"), messages(metadata, content)).getAsset();
    Asset registered = service.stubWithHeader(HEADER, "reg").registerAsset(request).getAsset();
    for (String id : List.of(uploaded.getId(), registered.getId(), "k")) {
      var unused = service.stub().deleteAsset(DeleteAssetRequest.newBuilder().setId(id).build());
    }
    await().atMost(Duration.ofSeconds(20)).until(() -> service.registry.everything().isEmpty());

    assertThat(service.send(header(HEADER, "up"), messages(metadata, content)).getAsset())
        .isEqualTo(uploaded);
    assertThat(service.stubWithHeader(HEADER, "reg").registerAsset(request).getAsset())
        .isEqualTo(registered);
    assertThat(service.registry.everything()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "two words", " "})
  void aKeyThatIsNoneIsRefusedAndNothingIsDone(String key) {
    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> service.stubWithHeader(HEADER, key).acquireAsset(acquire("vm").build()));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fields(failure)).containsExactly("header Idempotency-Key");
    assertThat(service.registry.countApplied(Command.KindCase.ACQUIRE_ASSET)).isZero();
  }

  @Test
  void aKeyHasAtMost128Characters() {
    var unused =
        service.stubWithHeader(HEADER, "k".repeat(128)).acquireAsset(acquire("vm").build());
    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                service
                    .stubWithHeader(HEADER, "k".repeat(129))
                    .acquireAsset(acquire("vm").build()));

    assertThat(failure).hasMessageContaining("1 to 128 visible ASCII characters");
  }

  @Test
  void aRepetitionDoesNothingAndGetsTheSameReplyAndSaysSo() {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    var keyed =
        service
            .stubWithHeader(HEADER, "once")
            .withInterceptors(
                MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
    AcquireAssetResponse first = keyed.acquireAsset(acquire("vm").build());
    String saidFirst = replayed(headers);

    assertThat(keyed.acquireAsset(acquire("vm").build())).isEqualTo(first);
    assertThat(saidFirst).isNull();
    assertThat(replayed(headers)).isEqualTo("true");
    assertThat(service.registry.everything().get(0).getReferenceCount()).isEqualTo(1);
  }

  @Test
  void theKeyOfAnotherRequestIsRefused() {
    var keyed = service.stubWithHeader(HEADER, "once");
    var unused = keyed.acquireAsset(acquire("vm").build());
    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> keyed.acquireAsset(acquire("vm-2").build()));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fields(failure)).containsExactly("header Idempotency-Key");
    assertThat(failure).hasMessageContaining("once");
  }

  @Test
  void whatFailedMayBeTriedAgainWithItsKey() {
    var keyed = service.stubWithHeader(HEADER, "once");
    AcquireAssetRequest request = acquire("vm").setAssetId("late").build();
    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> keyed.acquireAsset(request));
    service.upload(kernel("late").setId("late"), bytes(10, 2));

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(keyed.acquireAsset(request).getAsset().getReferenceCount()).isEqualTo(1);
  }

  @Test
  void everyChangeOfTheLeaseServiceHonoursTheKey() {
    var keyed = service.leasesWithHeader(HEADER, "session-1");
    OpenSessionRequest open = OpenSessionRequest.newBuilder().setHost("h").build();
    String session = keyed.openSession(open).getSession().getId();
    assertThat(keyed.openSession(open).getSession().getId()).isEqualTo(session);

    AcquireLeasesRequest leases =
        AcquireLeasesRequest.newBuilder()
            .addAssetIds("k")
            .setAcquiredBy("vm")
            .setSessionId(session)
            .build();
    var taking = service.leasesWithHeader(HEADER, "leases-1");
    assertThat(taking.acquireLeases(leases)).isEqualTo(taking.acquireLeases(leases));

    ReleaseHolderRequest holder = ReleaseHolderRequest.newBuilder().setAcquiredBy("vm").build();
    var releasing = service.leasesWithHeader(HEADER, "release-1");
    assertThat(releasing.releaseHolder(holder).getReleased()).isEqualTo(1);
    assertThat(releasing.releaseHolder(holder).getReleased()).as("replayed").isEqualTo(1);

    CloseSessionRequest close = CloseSessionRequest.newBuilder().setSessionId(session).build();
    var closing = service.leasesWithHeader(HEADER, "close-1");
    assertThat(closing.closeSession(close)).isEqualTo(closing.closeSession(close));
  }

  private static @Nullable String replayed(AtomicReference<Metadata> headers) {
    return Objects.requireNonNull(headers.get()).get(CallHeaders.REPLAYED);
  }

  private static AcquireAssetRequest.Builder acquire(String by) {
    return AcquireAssetRequest.newBuilder().setAssetId("k").setAcquiredBy(by);
  }

  private List<IdempotencyKey> keys(Command.KindCase kind) {
    return service.registry.applied().stream()
        .filter(command -> command.getKindCase() == kind && command.hasIdempotency())
        .map(Command::getIdempotency)
        .toList();
  }
}
