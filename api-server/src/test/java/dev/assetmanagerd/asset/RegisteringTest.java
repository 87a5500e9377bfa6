package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.bytes;
import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static dev.assetmanagerd.asset.ServiceFixture.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.RegisterAssetRequest;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.storage.blob.Sha256;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegisteringTest {
  private static final byte[] BYTES = bytes(5000, 1);
  private static final String LOCATION = "images/debian-12.ext4";

  @TempDir Path directory;
  private ServiceFixture service;

  @BeforeEach
  void start() {
    service = ServiceFixture.in(directory);
    service.plant(LOCATION, BYTES);
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private static RegisterAssetRequest.Builder request() {
    return RegisterAssetRequest.newBuilder()
        .setName("debian-12")
        .setType(AssetType.ASSET_TYPE_ROOTFS)
        .setLocation(LOCATION);
  }

  private Asset register(RegisterAssetRequest.Builder request) {
    return service.stub().registerAsset(request.build()).getAsset();
  }

  @Test
  void sizeAndChecksumAreTakenFromStorageWhereNotGiven() {
    Asset asset = register(request());

    assertThat(asset.getSizeBytes()).isEqualTo(BYTES.length);
    assertThat(asset.getChecksum()).isEqualTo(sha256(BYTES));
    assertThat(asset.getLocation()).isEqualTo(LOCATION);
    assertThat(asset.getBackend()).isEqualTo(StorageBackend.STORAGE_BACKEND_LOCAL);
    assertThat(asset.getId()).isNotEmpty();
  }

  @Test
  void anAbsoluteLocationInTheStoreIsRecordedAsTheSameBlob() {
    String absolute = service.blobDirectory.toAbsolutePath().resolve(LOCATION).toString();

    assertThat(register(request().setLocation(absolute)).getLocation()).isEqualTo(LOCATION);
  }

  @Test
  void givenSizeAndChecksumAreAcceptedWhenTheyFit() {
    Asset asset =
        register(request().setSizeBytes(BYTES.length).setChecksum("sha256:" + sha256(BYTES)));

    assertThat(asset.getChecksum()).isEqualTo(sha256(BYTES));
  }

  @Test
  void anotherSizeThanStoredIsAFailedPrecondition() {
    assertFails(
        request().setSizeBytes(4999), Status.Code.FAILED_PRECONDITION, "size_bytes: is 4999");
  }

  @Test
  void anotherChecksumThanStoredIsAFailedPrecondition() {
    assertFails(
        request().setChecksum(sha256(bytes(1, 2))), Status.Code.FAILED_PRECONDITION, sha256(BYTES));
  }

  @Test
  void nothingAtTheLocationIsNotFound() {
    assertFails(request().setLocation("images/no"), Status.Code.NOT_FOUND, "images/no");
  }

  @Test
  void aBackendThatIsNotConfiguredIsAFailedPrecondition() {
    assertFails(
        request().setBackend(StorageBackend.STORAGE_BACKEND_S3),
        Status.Code.FAILED_PRECONDITION,
        "backend: STORAGE_BACKEND_S3 is not configured");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "../secret", "images/../../secret", "/etc/passwd", "images//x", ".staging/x"})
  void aLocationThatIsEmptyOrLeadsOutIsRefused(String location) {
    StatusRuntimeException failure =
        assertFails(request().setLocation(location), Status.Code.INVALID_ARGUMENT, "location");
    assertThat(fields(failure)).containsExactly("location");
  }

  @Test
  void aNumberedNameThatWasNeverGivenOutIsRefused() {
    String location = new Sha256(sha256(BYTES)).location() + ".999999999";
    service.plant(location, BYTES);

    StatusRuntimeException failure =
        assertFails(request().setLocation(location), Status.Code.INVALID_ARGUMENT, "numbered name");
    assertThat(fields(failure)).containsExactly("location");
  }

  @Test
  void aBlobThatHasAnAssetCanBeRegisteredAgainUnderItsName() {
    Asset uploaded = service.upload(ServiceFixture.kernel("k"), BYTES);

    Asset registered = register(request().setLocation(uploaded.getLocation()));

    assertThat(registered.getChecksum()).isEqualTo(uploaded.getChecksum());
  }

  @Test
  void bytesUnderTheNameOfOtherBytesAreRefused() {
    String location = new Sha256(sha256(bytes(7, 7))).location();
    service.plant(location, BYTES);

    assertFails(request().setLocation(location), Status.Code.FAILED_PRECONDITION, sha256(BYTES));
  }

  @Test
  void badFieldsAreRefusedByName() {
    assertThat(invalidFields(request().setName(""))).containsExactly("name");
    assertThat(invalidFields(request().clearType())).containsExactly("type");
    assertThat(invalidFields(request().setTypeValue(42))).containsExactly("type");
    assertThat(invalidFields(request().setBackendValue(42))).containsExactly("backend");
    assertThat(invalidFields(request().setChecksum("sha256:abc"))).containsExactly("checksum");
    assertThat(invalidFields(request().setSizeBytes(-5))).containsExactly("size_bytes");
    assertThat(invalidFields(request().setId("../x"))).containsExactly("id");
    assertThat(service.registry.everything()).isEmpty();
  }

  private List<String> invalidFields(RegisterAssetRequest.Builder request) {
    return fields(assertFails(request, Status.Code.INVALID_ARGUMENT, ""));
  }

  @Test
  void theSameIdWithTheSameContentReturnsTheAssetThatIsThere() {
    Asset first = register(request().setId("debian"));

    assertThat(register(request().setId("debian"))).isEqualTo(first);
    assertThat(service.registry.everything()).containsExactly(first);
  }

  @Test
  void theSameIdWithOtherContentIsAConflict() {
    Asset first = register(request().setId("debian"));
    service.plant("images/other", bytes(10, 3));

    StatusRuntimeException failure =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> register(request().setId("debian").setLocation("images/other")));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(failure).hasMessageContaining("debian");
    assertThat(service.registry.everything()).containsExactly(first);
  }

  private StatusRuntimeException assertFails(
      RegisterAssetRequest.Builder request, Status.Code code, String message) {
    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> register(request));
    assertThat(failure).as("answer to %s", request).isNotNull();
    assertThat(failure.getStatus().getCode()).as("%s", failure).isEqualTo(code);
    assertThat(failure).hasMessageContaining(message);
    assertThat(service.registry.everything()).isEmpty();
    return failure;
  }
}
