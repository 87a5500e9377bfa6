package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.asset;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.purge;
import static dev.assetmanagerd.registry.Commands.register;
import static dev.assetmanagerd.registry.Commands.touch;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AssetRegistered;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Registering and touching assets. */
class AssetRulesTest {
  private TestRegistry registry;

  @BeforeEach
  void open(@TempDir Path directory) {
    registry = new TestRegistry(directory.resolve("live.db"));
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void aRegisteredAssetIsStoredAsItWasAndStamped() {
    Asset wanted = asset("a").toBuilder().putLabels("k", "v").putLabels("a", "").build();

    AssetRegistered reply = registry.one(register(wanted)).getAssetRegistered();

    Asset stored =
        wanted.toBuilder()
            .setStatus(AssetStatus.ASSET_STATUS_AVAILABLE)
            .setCreatedAt(TestRegistry.START)
            .setLastAccessedAt(TestRegistry.START)
            .build();
    assertThat(reply).isEqualTo(AssetRegistered.newBuilder().setAsset(stored).build());
    assertThat(registry.asset("a")).isEqualTo(stored);
  }

  @Test
  void timesThatComeWithAnAssetAreKeptAndCountsAreNot() {
    Asset wanted =
        asset("a").toBuilder()
            .setCreatedAt(5)
            .setLastAccessedAt(6)
            .setReferenceCount(7)
            .setStatus(AssetStatus.ASSET_STATUS_ERROR)
            .build();

    registry.one(register(wanted));

    assertThat(registry.asset("a"))
        .isEqualTo(
            wanted.toBuilder()
                .setReferenceCount(0)
                .setStatus(AssetStatus.ASSET_STATUS_AVAILABLE)
                .build());
  }

  @Test
  void registeringTheSameAgainAnswersTheStoredAssetAndChangesNothing() {
    registry.one(register("a"));
    registry.one(acquire("a", "lease", 0));
    String before = registry.hash();
    registry.wall += 100;

    AssetRegistered reply =
        registry
            .one(register(asset("a").toBuilder().setCreatedBy("somebody else").build()))
            .getAssetRegistered();

    assertThat(reply.getExisted()).isTrue();
    assertThat(reply.getAsset()).isEqualTo(registry.asset("a"));
    assertThat(reply.getAsset().getReferenceCount()).isEqualTo(1);
    assertThat(registry.hash()).isEqualTo(before);
  }

  static Stream<Asset> otherContent() {
    return Stream.of(
        asset("a").toBuilder().setName("x").build(),
        asset("a").toBuilder().setType(AssetType.ASSET_TYPE_KERNEL).build(),
        asset("a").toBuilder().setBackend(StorageBackend.STORAGE_BACKEND_NFS).build(),
        asset("a").toBuilder().setLocation("x").build(),
        asset("a").toBuilder().setSizeBytes(1).build(),
        asset("a").toBuilder().setChecksum("x").build(),
        asset("a").toBuilder().putLabels("x", "y").build(),
        asset("a").toBuilder().setBuildId("x").build(),
        asset("a").toBuilder().setSourceImage("x").build());
  }

  @ParameterizedTest
  @MethodSource("otherContent")
  void anIdIsNeverGivenToOtherContent(Asset other) {
    registry.one(register("a"));
    String before = registry.hash();

    Rejection rejection = registry.rejection(register(other));

    assertThat(rejection.getRule()).isEqualTo(Rule.RULE_ASSET_EXISTS);
    assertThat(rejection.getField()).isEqualTo("asset.id");
    assertThat(registry.hash()).isEqualTo(before);
  }

  static Stream<Arguments> malformed() {
    return Stream.of(
        Arguments.of("asset.id", asset("a").toBuilder().clearId().build()),
        Arguments.of("asset.type", asset("a").toBuilder().clearType().build()),
        Arguments.of("asset.backend", asset("a").toBuilder().clearBackend().build()),
        Arguments.of("asset.location", asset("a").toBuilder().clearLocation().build()),
        Arguments.of("asset.size_bytes", asset("a").toBuilder().setSizeBytes(-1).build()),
        Arguments.of("asset.created_at", asset("a").toBuilder().setCreatedAt(-1).build()),
        Arguments.of(
            "asset.last_accessed_at", asset("a").toBuilder().setLastAccessedAt(-1).build()),
        Arguments.of("asset.labels", asset("a").toBuilder().putLabels("", "v").build()));
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void aMalformedAssetIsRejectedByTheNameOfTheField(String field, Asset malformed) {
    Rejection rejection = registry.rejection(register(malformed));

    assertThat(rejection.getRule()).isEqualTo(Rule.RULE_INVALID);
    assertThat(rejection.getField()).isEqualTo(field);
    assertThat(registry.exists("a")).isFalse();
  }

  @Test
  void twoAssetsMayShareABlob() {
    registry.one(register("a"));

    Outcome outcome = registry.one(register(asset("b").toBuilder().setLocation("blobs/a").build()));

    assertThat(outcome.hasAssetRegistered()).isTrue();
  }

  @Test
  void aLocationBeingDeletedIsFreeAgainOnlyWhenPurged() {
    registry.apply(register("a"), mark("a"));
    Command other = register(asset("b").toBuilder().setLocation("blobs/a").build());

    assertThat(registry.rejection(other).getRule()).isEqualTo(Rule.RULE_LOCATION_BEING_DELETED);
    assertThat(registry.exists("b")).isFalse();
    registry.one(purge("a"));
    assertThat(registry.one(other).hasAssetRegistered()).isTrue();
  }

  @Test
  void aLocationBeingDeletedBlocksOnlyItsOwnBackend() {
    registry.apply(register("a"), mark("a"));

    Outcome outcome =
        registry.one(
            register(
                asset("b").toBuilder()
                    .setLocation("blobs/a")
                    .setBackend(StorageBackend.STORAGE_BACKEND_NFS)
                    .build()));

    assertThat(outcome.hasAssetRegistered()).isTrue();
  }

  @Test
  void anIdBeingDeletedIsNotGivenAgain() {
    registry.apply(register("a"), mark("a"));

    assertThat(registry.rejection(register("a")).getRule())
        .isEqualTo(Rule.RULE_LOCATION_BEING_DELETED);
    assertThat(
            registry
                .rejection(register(asset("a").toBuilder().setLocation("elsewhere").build()))
                .getRule())
        .isEqualTo(Rule.RULE_ASSET_NOT_AVAILABLE);
  }

  @Test
  void touchingMovesTheLastUseForwardOnly() {
    registry.apply(register("a"), register("b"));
    registry.wall += 10;

    assertThat(registry.one(touch("a", "nobody", "a")).getAssetsTouched().getCount()).isEqualTo(1);

    assertThat(registry.asset("a").getLastAccessedAt()).isEqualTo(TestRegistry.START + 10);
    assertThat(registry.asset("b").getLastAccessedAt()).isEqualTo(TestRegistry.START);
    registry.wall -= 100;
    assertThat(registry.one(touch("a")).getAssetsTouched().getCount()).isZero();
    assertThat(registry.asset("a").getLastAccessedAt()).isEqualTo(TestRegistry.START + 10);
  }

  @Test
  void anAssetBeingDeletedIsNotTouched() {
    registry.apply(register("a"), mark("a"));
    registry.wall += 10;

    assertThat(registry.one(touch("a")).getAssetsTouched().getCount()).isZero();
    assertThat(registry.asset("a").getLastAccessedAt()).isEqualTo(TestRegistry.START);
  }

  @Test
  void oneRejectionDoesNotSpoilTheOtherCommandsOfItsEntry() {
    List<Outcome> outcomes =
        registry.apply(
            register("a"),
            register(asset("a").toBuilder().setName("other").build()),
            register("b"));

    assertThat(outcomes).extracting(Outcome::hasRejection).containsExactly(false, true, false);
    assertThat(registry.exists("b")).isTrue();
  }
}
