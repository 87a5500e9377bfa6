package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.asset;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.purge;
import static dev.assetmanagerd.registry.Commands.raiseFormatLevel;
import static dev.assetmanagerd.registry.Commands.register;
import static dev.assetmanagerd.registry.Commands.release;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.importer.v1.ImportResult.Reason;
import dev.assetmanagerd.importer.v1.ImportResult.Verdict;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.ImportAssets;
import dev.assetmanagerd.log.v1.ImportLeases;
import dev.assetmanagerd.log.v1.ImportedLease;
import dev.assetmanagerd.log.v1.Rejection;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Taking over what a single-node daemon had. */
class ImportRulesTest {
  private static final long LONG_AGO = TestRegistry.START - 1_000_000;

  @TempDir private Path directory;
  private TestRegistry registry;

  @BeforeEach
  void open() {
    registry = new TestRegistry(directory.resolve("live.db"));
    registry.one(raiseFormatLevel(3));
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private static Asset old(String id) {
    return asset(id).toBuilder()
        .setStatus(AssetStatus.ASSET_STATUS_AVAILABLE)
        .setCreatedAt(LONG_AGO)
        .setLastAccessedAt(LONG_AGO + 5)
        .putLabels("k", "v")
        .setReferenceCount(17)
        .build();
  }

  private static ImportedLease.Builder lease(String id, String assetId) {
    return ImportedLease.newBuilder()
        .setId(id)
        .setAssetId(assetId)
        .setAcquiredBy("vm-1")
        .setAcquiredAt(LONG_AGO + 7);
  }

  private static Command assets(Asset... assets) {
    ImportAssets.Builder command = ImportAssets.newBuilder();
    for (Asset asset : assets) {
      command.addItemsBuilder().setAsset(asset);
    }
    return Command.newBuilder().setImportAssets(command).build();
  }

  private static Command leases(ImportedLease.Builder... leases) {
    ImportLeases.Builder command = ImportLeases.newBuilder();
    for (ImportedLease.Builder lease : leases) {
      command.addItemsBuilder().setLease(lease);
    }
    return Command.newBuilder().setImportLeases(command).build();
  }

  private List<ImportResult> results(Command command) {
    var outcome = registry.one(command);
    return command.hasImportAssets()
        ? outcome.getAssetsImported().getResultsList()
        : outcome.getLeasesImported().getResultsList();
  }

  private ImportResult result(Command command) {
    List<ImportResult> results = results(command);
    assertThat(results).hasSize(1);
    return results.get(0);
  }

  private void assertSkipped(Command command, Reason reason) {
    String before = registry.hash();
    ImportResult result = result(command);
    assertThat(result.getVerdict()).as("%s", result).isEqualTo(Verdict.VERDICT_SKIPPED);
    assertThat(result.getReason()).as("%s", result).isEqualTo(reason);
    assertThat(result.getMessage()).isNotEmpty();
    assertThat(registry.hash()).isEqualTo(before);
  }

  private Lease leaseOf(String id) {
    return registry
        .database
        .read(view -> view.lease(id))
        .orElseThrow(() -> new AssertionError("no lease " + id));
  }

  private boolean hasLease(String id) {
    return registry.database.read(view -> view.lease(id).isPresent());
  }

  @Test
  void anImportedAssetKeepsAllItsColumnsButTheCountOfItsLeases() {
    assertThat(result(assets(old("a"))).getVerdict()).isEqualTo(Verdict.VERDICT_IMPORTED);

    assertThat(registry.asset("a")).isEqualTo(old("a").toBuilder().setReferenceCount(0).build());
  }

  @Test
  void anAssetInUseCountsAsUsedNowSoThatItIsNoGarbageBeforeItsLeasesAreThere() {
    ImportAssets.Builder command = ImportAssets.newBuilder();
    command.addItemsBuilder().setAsset(old("a")).setInUse(true);
    registry.one(Command.newBuilder().setImportAssets(command).build());

    assertThat(registry.asset("a").getLastAccessedAt()).isEqualTo(TestRegistry.START);
    assertThat(registry.asset("a").getCreatedAt()).isEqualTo(LONG_AGO);
  }

  @Test
  void timesThatTheOldDaemonDidNotKnowAreThoseOfTheImport() {
    registry.one(assets(old("a").toBuilder().clearCreatedAt().clearLastAccessedAt().build()));

    assertThat(registry.asset("a").getCreatedAt()).isEqualTo(TestRegistry.START);
    assertThat(registry.asset("a").getLastAccessedAt()).isEqualTo(TestRegistry.START);
  }

  @Test
  void importingAgainLeavesEverythingAsItIs() {
    registry.one(assets(old("a"), old("b")));
    registry.one(leases(lease("l", "a"), lease("m", "b").setTtlMillis(9).setRemainingMillis(9)));
    registry.one(acquire("a", "taken here", 0));
    String before = registry.hash();

    assertThat(results(assets(old("a"), old("b"))))
        .extracting(ImportResult::getVerdict)
        .containsOnly(Verdict.VERDICT_UNCHANGED);
    assertThat(
            results(leases(lease("l", "a"), lease("m", "b").setTtlMillis(5).setRemainingMillis(5))))
        .extracting(ImportResult::getVerdict)
        .containsOnly(Verdict.VERDICT_UNCHANGED);
    assertThat(registry.hash()).isEqualTo(before);
  }

  @Test
  void anAssetWithTheSameBytesAtAnotherPlaceIsTheSame() {
    registry.one(assets(old("a")));

    assertThat(result(assets(old("a").toBuilder().setLocation("elsewhere").build())).getVerdict())
        .isEqualTo(Verdict.VERDICT_UNCHANGED);
    assertThat(
            result(assets(old("a").toBuilder().clearSizeBytes().clearChecksum().build()))
                .getVerdict())
        .as("what the old daemon did not know says nothing")
        .isEqualTo(Verdict.VERDICT_UNCHANGED);
    assertThat(registry.asset("a").getLocation()).isEqualTo("blobs/a");
  }

  @Test
  void anIdThatIsTakenByOtherContentIsAConflictAndNotOverwritten() {
    registry.one(register(asset("a").toBuilder().setName("another").build()));
    assertSkipped(assets(old("a")), Reason.REASON_CONFLICT);

    registry.one(assets(old("b")));
    assertSkipped(
        assets(old("b").toBuilder().putLabels("k", "other").build()), Reason.REASON_CONFLICT);
    assertSkipped(assets(old("b").toBuilder().setSizeBytes(1).build()), Reason.REASON_CONFLICT);
    assertSkipped(
        assets(old("b").toBuilder().setChecksum("cd".repeat(32)).build()), Reason.REASON_CONFLICT);
  }

  @Test
  void oneBadItemDoesNotKeepTheOthersOut() {
    List<ImportResult> results =
        results(assets(old("a"), old("b").toBuilder().setSizeBytes(-1).build(), old("c")));

    assertThat(results)
        .extracting(ImportResult::getVerdict)
        .containsExactly(
            Verdict.VERDICT_IMPORTED, Verdict.VERDICT_SKIPPED, Verdict.VERDICT_IMPORTED);
    assertThat(results.get(1).getReason()).isEqualTo(Reason.REASON_INVALID);
    assertThat(registry.exists("b")).isFalse();
    assertThat(registry.exists("c")).isTrue();
  }

  @Test
  void theSecondOfTwoOfOneIdIsDecidedAsTheFirstLeftIt() {
    assertThat(results(assets(old("a"), old("a"), old("a").toBuilder().setName("b").build())))
        .extracting(ImportResult::getVerdict)
        .containsExactly(
            Verdict.VERDICT_IMPORTED, Verdict.VERDICT_UNCHANGED, Verdict.VERDICT_SKIPPED);
  }

  @Test
  void whatWasRefusedBeforeTheLogIsAnsweredAsItIs() {
    ImportResult refused =
        ImportResult.newBuilder()
            .setVerdict(Verdict.VERDICT_SKIPPED)
            .setReason(Reason.REASON_BLOB_MISSING)
            .setMessage("no blob")
            .build();
    ImportAssets.Builder command = ImportAssets.newBuilder();
    command.addItemsBuilder().setRefused(refused);
    command.addItemsBuilder().setAsset(old("a"));

    assertThat(results(Command.newBuilder().setImportAssets(command).build()).get(0))
        .isEqualTo(refused);
  }

  @Test
  void anAssetWithoutItsBlobIsErrorAndBecomesAvailableWhenTheBlobIsFound() {
    Asset missing = old("a").toBuilder().setStatus(AssetStatus.ASSET_STATUS_ERROR).build();
    assertThat(result(assets(missing)).getVerdict()).isEqualTo(Verdict.VERDICT_IMPORTED);
    assertSkipped(leases(lease("l", "a")), Reason.REASON_ASSET_NOT_AVAILABLE);

    registry.one(BlobTestCommands.found("a"));

    assertThat(registry.asset("a").getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
    assertThat(result(leases(lease("l", "a"))).getVerdict()).isEqualTo(Verdict.VERDICT_IMPORTED);
  }

  @Test
  void anAssetThatTheClusterHasDeletedDoesNotComeBack() {
    registry.one(assets(old("a")));
    registry.one(mark("a"));
    assertSkipped(assets(old("a")), Reason.REASON_BEING_DELETED);
    registry.one(purge("a"));

    ImportResult result = result(assets(old("a")));

    assertThat(result.getVerdict()).isEqualTo(Verdict.VERDICT_LEFT_OUT);
    assertThat(result.getReason()).isEqualTo(Reason.REASON_ENDED_SINCE);
    assertThat(registry.exists("a")).isFalse();
  }

  @Test
  void anAssetThatWasThereBeforeTheImportAndIsDeletedAfterItDoesNotComeBackEither() {
    registry.one(register(asset("a")));
    Asset same = old("a").toBuilder().clearLabels().build();
    assertThat(result(assets(same)).getVerdict()).isEqualTo(Verdict.VERDICT_UNCHANGED);
    registry.one(mark("a"));
    registry.one(purge("a"));

    assertThat(result(assets(same)).getReason()).isEqualTo(Reason.REASON_ENDED_SINCE);
  }

  @Test
  void nothingIsImportedAtALocationOfWhichTheBlobIsBeingDeletedOrIsGone() {
    registry.one(register(asset("a").toBuilder().setLocation("blobs/b").build()));
    registry.one(mark("a"));
    assertSkipped(assets(old("b")), Reason.REASON_BEING_DELETED);
    registry.one(purge("a"));
    assertSkipped(assets(old("b")), Reason.REASON_BEING_DELETED);
  }

  @Test
  void anAssetWhoseBlobWasNotLookedForIsNotAdded() {
    ImportAssets.Builder command = ImportAssets.newBuilder();
    command.addItemsBuilder().setAsset(old("a")).setUnverified(true);
    Command unverified = Command.newBuilder().setImportAssets(command).build();
    assertSkipped(unverified, Reason.REASON_BEING_DELETED);

    registry.one(assets(old("a")));
    assertThat(result(unverified).getVerdict()).isEqualTo(Verdict.VERDICT_UNCHANGED);
  }

  @Test
  void anImportedLeaseKeepsItsHolderAndTimeAndLivesForWhatIsLeftOfIt() {
    registry.one(assets(old("a")));
    registry.one(leases(lease("l", "a").setTtlMillis(86_400_000).setRemainingMillis(60_000)));

    assertThat(leaseOf("l"))
        .isEqualTo(
            Lease.newBuilder()
                .setId("l")
                .setAssetId("a")
                .setAcquiredBy("vm-1")
                .setAcquiredAt(LONG_AGO + 7)
                .setTtlSeconds(86_400)
                .setExpiresInMillis(60_000)
                .build());
    assertThat(registry.asset("a").getReferenceCount()).isEqualTo(1);
    assertThat(registry.asset("a").getLastAccessedAt()).isEqualTo(LONG_AGO + 5);
    registry.advanceClock(60_001);
    assertThat(hasLease("l")).isFalse();
  }

  @Test
  void anImportedLeaseWithoutAnEndLivesUntilItIsReleased() {
    registry.one(assets(old("a")));
    registry.one(leases(lease("l", "a")));
    registry.advanceClock(1_000_000_000_000L);

    assertThat(leaseOf("l").getExpiresInMillis()).isZero();
    assertThat(registry.one(release("l")).hasLeaseReleased()).isTrue();
    assertThat(registry.asset("a").getReferenceCount()).isZero();
  }

  @Test
  void aLeaseThatTheClusterHasReleasedDoesNotComeBackHoweverLongAgoThatWas() {
    registry.one(assets(old("a")));
    registry.one(leases(lease("l", "a")));
    registry.one(release("l"));
    assertThat(result(leases(lease("l", "a"))).getReason()).isEqualTo(Reason.REASON_ENDED_SINCE);
    registry.advanceClock(100L * 24 * 3_600_000);

    assertThat(result(leases(lease("l", "a"))).getReason()).isEqualTo(Reason.REASON_ENDED_SINCE);
    assertThat(registry.asset("a").getReferenceCount()).isZero();
  }

  @Test
  void aLeaseOfAnotherAssetHolderOrTimeIsAConflict() {
    registry.one(assets(old("a"), old("b")));
    registry.one(leases(lease("l", "a")));

    assertSkipped(leases(lease("l", "b")), Reason.REASON_CONFLICT);
    assertSkipped(leases(lease("l", "a").setAcquiredBy("vm-2")), Reason.REASON_CONFLICT);
    assertSkipped(leases(lease("l", "a").setAcquiredAt(5)), Reason.REASON_CONFLICT);
  }

  @Test
  void aLeaseNeedsAnAssetThatIsThereAndAvailable() {
    assertSkipped(leases(lease("l", "a")), Reason.REASON_ASSET_NOT_FOUND);
    registry.one(register(asset("a")));
    registry.one(mark("a"));
    assertSkipped(leases(lease("l", "a")), Reason.REASON_ASSET_NOT_AVAILABLE);
  }

  @Test
  void aLeaseWithoutALifetimeThatTheClockCanCountIsRefused() {
    registry.one(assets(old("a")));

    assertSkipped(leases(lease("", "a")), Reason.REASON_INVALID);
    assertSkipped(leases(lease("l", "a").setAcquiredAt(-1)), Reason.REASON_INVALID);
    assertSkipped(leases(lease("l", "a").setTtlMillis(5)), Reason.REASON_INVALID);
    assertSkipped(leases(lease("l", "a").setRemainingMillis(5)), Reason.REASON_INVALID);
    registry.advanceClock(10);
    assertSkipped(
        leases(lease("l", "a").setTtlMillis(5).setRemainingMillis(Long.MAX_VALUE - 9)),
        Reason.REASON_INVALID);
  }

  @Test
  void aPreviewSaysWhatTheImportWouldAndChangesNothing() {
    registry.one(register(asset("c").toBuilder().setName("another").build()));
    Command command = assets(old("a"), old("c"), old("d").toBuilder().clearId().build());
    String before = registry.hash();

    ImportPreview preview =
        registry.database.read(view -> view.previewImport(command.getImportAssets()));

    assertThat(registry.hash()).isEqualTo(before);
    assertThat(preview.changes()).isTrue();
    assertThat(preview.results()).isEqualTo(results(command));
    assertThat(
            registry.database.read(view -> view.previewImport(command.getImportAssets())).changes())
        .as("the second time")
        .isFalse();
  }

  @Test
  void aPreviewOfLeasesCountsAssetsThatArePlanned() {
    Command command = leases(lease("l", "planned"), lease("m", "unknown"));

    ImportPreview preview =
        registry.database.read(
            view -> view.previewImport(command.getImportLeases(), "planned"::equals));

    assertThat(preview.results())
        .extracting(ImportResult::getVerdict)
        .containsExactly(Verdict.VERDICT_IMPORTED, Verdict.VERDICT_SKIPPED);
    assertThat(results(command))
        .extracting(ImportResult::getReason)
        .containsOnly(Reason.REASON_ASSET_NOT_FOUND);
  }

  @Test
  void aRegistryOfTheLevelBeforeRejectsImports() {
    try (TestRegistry base = new TestRegistry(directory.resolve("base.db"))) {
      assertThat(base.rejection(assets(old("a"))).getRule())
          .isEqualTo(Rejection.Rule.RULE_FORMAT_LEVEL);
      assertThat(base.rejection(leases(lease("l", "a"))).getRule())
          .isEqualTo(Rejection.Rule.RULE_FORMAT_LEVEL);
    }
  }
}
