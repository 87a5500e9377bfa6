package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.BackupTestCommands.PENDING_MILLIS;
import static dev.assetmanagerd.registry.BackupTestCommands.begin;
import static dev.assetmanagerd.registry.BackupTestCommands.complete;
import static dev.assetmanagerd.registry.BackupTestCommands.forget;
import static dev.assetmanagerd.registry.BackupTestCommands.tend;
import static dev.assetmanagerd.registry.BlobTestCommands.CHECKSUM;
import static dev.assetmanagerd.registry.BlobTestCommands.LOCAL;
import static dev.assetmanagerd.registry.BlobTestCommands.PLAIN;
import static dev.assetmanagerd.registry.BlobTestCommands.condemn;
import static dev.assetmanagerd.registry.BlobTestCommands.reservation;
import static dev.assetmanagerd.registry.BlobTestCommands.reserve;
import static dev.assetmanagerd.registry.BlobTestCommands.uploaded;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.purge;
import static dev.assetmanagerd.registry.Commands.raiseFormatLevel;
import static dev.assetmanagerd.registry.Commands.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.assetmanagerd.log.v1.Backup;
import dev.assetmanagerd.log.v1.Backup.State;
import dev.assetmanagerd.log.v1.BackupsTended;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupRulesTest {
  private TestRegistry registry;

  @BeforeEach
  void open(@TempDir Path directory) {
    registry = new TestRegistry(directory.resolve("live.db"));
    registry.apply(raiseFormatLevel(3), register(uploaded("a", PLAIN)), register("b"));
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void aBackupIsPendingUntilItIsComplete() {
    Backup begun = registry.one(begin("x")).getBackupBegun().getBackup();
    assertThat(begun.getState()).isEqualTo(State.STATE_PENDING);
    assertThat(begun.getExpiresAtMillis()).isEqualTo(PENDING_MILLIS);
    assertThat(begun.getBegunAt()).isEqualTo(TestRegistry.START);
    registry.wall += 5;

    Backup complete = registry.one(complete("x")).getBackupCompleted().getBackup();

    assertThat(complete.getState()).isEqualTo(State.STATE_COMPLETE);
    assertThat(complete.getExpiresAtMillis()).as("it stays until it is forgotten").isZero();
    assertThat(complete.getCompletedAt()).isEqualTo(TestRegistry.START + 5);
    assertThat(complete.getLogIndex()).isEqualTo(7);
    assertThat(complete.getSizeBytes()).isEqualTo(1000);
    assertThat(backups()).containsExactly(complete);
  }

  @Test
  void beginningAndCompletingAgainChangeNothing() {
    registry.apply(begin("x"), complete("x"));
    String hash = registry.hash();
    assertThat(registry.one(begin("x")).getBackupBegun().getBackup().getState())
        .isEqualTo(State.STATE_COMPLETE);
    assertThat(registry.one(complete("x")).hasBackupCompleted()).isTrue();
    assertThat(registry.hash()).isEqualTo(hash);
    assertThat(registry.rejection(begin("x", "elsewhere", 0)).getField()).isEqualTo("backup_id");
  }

  @Test
  void whatIsNotThereCannotBeCompletedNorForgotten() {
    assertThat(registry.rejection(complete("x")).getRule()).isEqualTo(Rule.RULE_BACKUP_NOT_FOUND);
    assertThat(registry.rejection(forget("x", false)).getRule())
        .isEqualTo(Rule.RULE_BACKUP_NOT_FOUND);
    registry.apply(begin("x"), forget("x", false));
    assertThat(registry.rejection(complete("x")).getRule())
        .as("its file is being deleted")
        .isEqualTo(Rule.RULE_BACKUP_NOT_FOUND);
  }

  @Test
  void theBlobOfADeletedAssetIsKeptForABackupThatWasBegunBefore() {
    registry.apply(begin("x"), mark("a"));
    assertThat(condemned()).isEmpty();
    registry.apply(purge("a"), complete("x"));
    assertThat(registry.exists("a")).isFalse();
    assertThat(condemned()).isEmpty();
    assertThat(unreferenced()).as("what a sweep would take for garbage").isEmpty();
    assertThat(registry.one(condemn(PLAIN)).getBlobsCondemned().getLocationsList()).isEmpty();
    assertThat(tended(10).getReleasedBlobs()).isZero();

    registry.apply(forget("x", false));
    assertThat(condemned()).as("until it is tended").isEmpty();
    BackupsTended tended = tended(10);

    assertThat(tended.getReleasedBlobs()).isEqualTo(1);
    assertThat(tended.getCondemnedBlobs()).isEqualTo(1);
    assertThat(condemned()).containsExactly(PLAIN);
  }

  @Test
  void theBlobOfAnAssetDeletedBeforeIsNotKept() {
    registry.apply(mark("a"), begin("x"));
    assertThat(condemned()).containsExactly(PLAIN);
  }

  @Test
  void aBlobGoesWithTheLastBackupThatMayReferToIt() {
    registry.apply(begin("x"), complete("x"), begin("y"), complete("y"), mark("a"));
    registry.apply(begin("z"), complete("z"), purge("a"));
    registry.apply(forget("x", false));
    assertThat(tended(10).getReleasedBlobs()).as("y refers to it").isZero();
    registry.apply(forget("y", false));
    assertThat(tended(10).getCondemnedBlobs()).as("z was begun too late").isEqualTo(1);
    assertThat(condemned()).containsExactly(PLAIN);
  }

  @Test
  void aKeptBlobTakenUpAgainStaysWithItsAsset() {
    registry.apply(begin("x"), complete("x"), mark("a"), purge("a"));
    Outcome reserved = registry.one(reserve(reservation("r").setChecksum(CHECKSUM)));
    assertThat(reserved.getBlobReserved().getLocation()).as("the same name again").isEqualTo(PLAIN);
    registry.apply(BlobTestCommands.register(uploaded("a2", PLAIN), "r"));

    registry.apply(forget("x", false));
    BackupsTended tended = tended(10);

    assertThat(tended.getReleasedBlobs()).isEqualTo(1);
    assertThat(tended.getCondemnedBlobs()).isZero();
    assertThat(condemned()).isEmpty();
    registry.apply(mark("a2"));
    assertThat(condemned()).containsExactly(PLAIN);
  }

  @Test
  void aBlobTakenUpAgainIsKeptForTheBackupsOfThatTimeToo() {
    registry.apply(begin("x"), complete("x"), mark("a"), purge("a"));
    registry.apply(register(uploaded("a2", PLAIN)));
    registry.apply(begin("y"), complete("y"), mark("a2"), purge("a2"));
    registry.apply(forget("x", false));
    assertThat(tended(10).getReleasedBlobs()).as("y refers to it").isZero();
  }

  @Test
  void aBlobThatAnUploadHasReservedIsKeptAllTheSame() {
    registry.apply(begin("x"), complete("x"), reserve(reservation("r")), mark("a"), purge("a"));
    registry.advanceClock(BlobTestCommands.TTL_MILLIS + 1); // the upload comes to nothing
    assertThat(unreferenced()).isEmpty();
    assertThat(registry.one(condemn(PLAIN)).getBlobsCondemned().getLocationsList()).isEmpty();
  }

  @Test
  void aBlobThatAnAssetLeavesForAnotherIsKeptToo() {
    registry.apply(begin("x"), complete("x"), BlobTestCommands.missing("b"));
    registry.apply(reserve(reservation("r").setChecksum("ab".repeat(32))));
    String left = registry.asset("b").getLocation();
    Outcome healed =
        registry.one(
            BlobTestCommands.register(
                registry.asset("b").toBuilder().clearStatus().setLocation(PLAIN).build(), "r"));
    assertThat(healed.getAssetRegistered().getAsset().getLocation()).isEqualTo(PLAIN);
    assertThat(registry.one(condemn(left)).getBlobsCondemned().getLocationsList()).isEmpty();
  }

  @Test
  void oneThatDoesNotCompleteInTimeIsGivenUp() {
    registry.apply(begin("x"), begin("y", "", 1000), mark("a"), purge("a"));
    registry.advanceClock(PENDING_MILLIS - 1);
    assertThat(tended(10).getBackupIdsList()).isEmpty();
    registry.advanceClock(1);

    BackupsTended tended = tended(10);

    assertThat(tended.getBackupIdsList()).containsExactly("x", "y");
    assertThat(tended.getCondemnedBlobs()).isEqualTo(1);
    assertThat(backups())
        .as("the one whose file the cluster has to delete")
        .extracting(Backup::getId, Backup::getState)
        .containsExactly(tuple("x", State.STATE_FORGETTING));
    registry.apply(forget("x", true));
    assertThat(backups()).isEmpty();
  }

  @Test
  void oneThatAnotherLifeOfTheClusterWasMakingIsForgottenInTimeAndItsFileLeftToThatLife() {
    registry.apply(begin("x"), mark("a"), begin("y"), complete("y"));
    registry.advanceClock(PENDING_MILLIS - 1);
    assertThat(registry.one(tend(10, "second")).getBackupsTended().getBackupIdsList()).isEmpty();
    registry.advanceClock(1);

    BackupsTended tended = registry.one(tend(10, "second")).getBackupsTended();

    assertThat(tended.getBackupIdsList()).containsExactly("x");
    assertThat(tended.getCondemnedBlobs()).as("nothing but x may have referred to it").isOne();
    assertThat(backups())
        .as("no file is to be deleted, and what was complete stays until it is forgotten")
        .extracting(Backup::getId, Backup::getState)
        .containsExactly(tuple("y", State.STATE_COMPLETE));
  }

  @Test
  void oneThatWasHandedOutIsKnownForItsTime() {
    registry.apply(begin("x", "", 1000), complete("x"), begin("y", "", 0), complete("y"));
    assertThat(backups())
        .as("y is kept for no time")
        .extracting(Backup::getId)
        .containsExactly("x");
    registry.advanceClock(999);
    assertThat(tended(10).getBackupIdsList()).isEmpty();
    registry.advanceClock(1);
    assertThat(tended(10).getBackupIdsList()).containsExactly("x");
    assertThat(backups()).isEmpty();
  }

  @Test
  void tendingDoesNoMoreAtATimeThanItIsTold() {
    registry.apply(register("c"), register("d"), begin("x"), complete("x"));
    registry.apply(mark("a", "b", "c", "d"), forget("x", true));
    assertThat(tended(3).getMore()).isTrue();
    assertThat(condemned()).hasSize(3);
    assertThat(tended(3).getMore()).isFalse();
    assertThat(condemned()).hasSize(4);
    assertThat(registry.rejection(tend(0)).getField()).isEqualTo("limit");
  }

  @Test
  void theCatalogueHasALimit() {
    for (int i = 0; i < BackupCommands.BACKUPS_MAX; i++) {
      registry.apply(begin("x" + i));
    }
    assertThat(registry.rejection(begin("y")).getRule()).isEqualTo(Rule.RULE_TOO_MANY_BACKUPS);
  }

  @Test
  void aRegistryOfTheLevelBeforeKnowsNoBackups(@TempDir Path other) {
    try (TestRegistry old = new TestRegistry(other.resolve("old.db"))) {
      old.apply(register(uploaded("a", PLAIN)));
      assertThat(old.rejection(begin("x")).getRule()).isEqualTo(Rule.RULE_FORMAT_LEVEL);
      old.apply(mark("a"));
      assertThat(old.database.<List<BlobRef>>read(view -> view.condemned(9))).hasSize(1);
      assertThat(old.database.<List<Backup>>read(RegistryView::backups)).isEmpty();
      assertThat(old.database.<Boolean>read(RegistryView::backupsToTend)).isFalse();
    }
  }

  private List<Backup> backups() {
    return registry.database.read(RegistryView::backups);
  }

  private BackupsTended tended(int limit) {
    return registry.one(tend(limit)).getBackupsTended();
  }

  private List<String> condemned() {
    return registry.database.read(
        view -> view.condemned(100).stream().map(BlobRef::location).toList());
  }

  private List<String> unreferenced() {
    return registry.database.read(view -> view.unreferenced(LOCAL, List.of(PLAIN)));
  }
}
