package dev.assetmanagerd.asset;

import static dev.assetmanagerd.asset.ServiceFixture.fields;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.registry.AssetCursor;
import io.grpc.StatusRuntimeException;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageTokenTest {
  private static final AssetCursor CURSOR = new AssetCursor(1_700_000_000L, "asset-1");
  private static final Map<String, String> LABELS = Map.of("arch", "x86_64", "os", "debian");

  private static String token() {
    return PageToken.encode(
        CURSOR, AssetType.ASSET_TYPE_KERNEL, AssetStatus.ASSET_STATUS_AVAILABLE, LABELS);
  }

  private static AssetCursor decode(String token) {
    return PageToken.decode(
        "page_token",
        token,
        AssetType.ASSET_TYPE_KERNEL,
        AssetStatus.ASSET_STATUS_AVAILABLE,
        LABELS);
  }

  @Test
  void leadsBackToTheCursorItWasMadeOf() {
    assertThat(decode(token())).isEqualTo(CURSOR);
  }

  @Test
  void needsNoEscapingInAnUrl() {
    assertThat(token()).matches("[A-Za-z0-9_-]+");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"x", "AAAA", "not base64!", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"})
  void aTokenFromNowhereIsRefused(String token) {
    assertRefused(token);
  }

  @Test
  void everyDamagedByteIsNoticed() {
    byte[] token = Base64.getUrlDecoder().decode(token());
    for (int i = 0; i < token.length; i++) {
      byte[] damaged = token.clone();
      damaged[i] ^= 1;
      assertRefused(Base64.getUrlEncoder().withoutPadding().encodeToString(damaged));
    }
  }

  @Test
  void aTokenOfAnotherQueryIsRefused() {
    assertRefused(
        PageToken.encode(
            CURSOR, AssetType.ASSET_TYPE_ROOTFS, AssetStatus.ASSET_STATUS_AVAILABLE, LABELS));
    assertRefused(
        PageToken.encode(
            CURSOR, AssetType.ASSET_TYPE_KERNEL, AssetStatus.ASSET_STATUS_UNSPECIFIED, LABELS));
    assertRefused(
        PageToken.encode(
            CURSOR,
            AssetType.ASSET_TYPE_KERNEL,
            AssetStatus.ASSET_STATUS_AVAILABLE,
            Map.of("arch", "x86_64")));
  }

  private static void assertRefused(String token) {
    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> decode(token));
    assertThat(failure).as("token %s", token).isNotNull();
    assertThat(fields(failure)).containsExactly("page_token");
  }
}
