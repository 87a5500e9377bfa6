package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.BlobTestCommands.CHECKSUM;
import static dev.assetmanagerd.registry.BlobTestCommands.LOCAL;
import static dev.assetmanagerd.registry.BlobTestCommands.PLAIN;
import static dev.assetmanagerd.registry.BlobTestCommands.SIZE;
import static dev.assetmanagerd.registry.BlobTestCommands.TTL_MILLIS;
import static dev.assetmanagerd.registry.BlobTestCommands.condemn;
import static dev.assetmanagerd.registry.BlobTestCommands.forget;
import static dev.assetmanagerd.registry.BlobTestCommands.found;
import static dev.assetmanagerd.registry.BlobTestCommands.missing;
import static dev.assetmanagerd.registry.BlobTestCommands.register;
import static dev.assetmanagerd.registry.BlobTestCommands.reservation;
import static dev.assetmanagerd.registry.BlobTestCommands.reserve;
import static dev.assetmanagerd.registry.BlobTestCommands.uploaded;
import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.purge;
import static dev.assetmanagerd.registry.Commands.register;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.log.v1.AssetRegistered;
import dev.assetmanagerd.log.v1.BlobReserved;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.CondemnBlobs;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.ReserveBlob;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Uploads, deletions and the sweep on the same bytes, in all the orders in which they can meet. */
class BlobRulesTest {
  private static final long MONTH_MILLIS = 30L * 24 * 3600 * 1000;

  private TestRegistry registry;

  @BeforeEach
  void open(@TempDir Path directory) {
    registry = new TestRegistry(directory.resolve("live.db"));
    registry.apply();
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void theFirstUploadOfBytesGoesUnderTheirDigest() {
    assertThat(reserved("r")).isEqualTo(reply("r", PLAIN, false));

    AssetRegistered registered =
        registry.one(register(uploaded("a", PLAIN), "r")).getAssetRegistered();

    assertThat(registered.getExisted()).isFalse();
    assertThat(registry.asset("a").getLocation()).isEqualTo(PLAIN);
    assertThat(deadlines()).as("the reservation is used up").isFalse();
  }

  @Test
  void bytesThatAnAssetHasAreNotStoredTwice() {
    upload("a", "r1");

    assertThat(reserved("r2")).isEqualTo(reply("r2", PLAIN, true));
    assertThat(registry.one(register(uploaded("b", PLAIN), "r2")).hasAssetRegistered()).isTrue();
  }

  @Test
  void otherBytesOfTheSameDigestOrInAnotherStoreAreNotTheSame() {
    upload("a", "r1");
    registry.apply(mark("a"));

    BlobReserved nfs = reserved(reservation("r2").setBackend(StorageBackend.STORAGE_BACKEND_NFS));

    assertThat(nfs).isEqualTo(reply("r2", PLAIN, false));
  }

  @Test
  void whatSomebodyPutElsewhereIsNotReliedOnForAnUpload() {
    registry.apply(register(uploaded("a", "images/kernel")));
    registry.apply(register(uploaded("b", PLAIN + ".img")));
    registry.apply(register(uploaded("c", PLAIN + "-old")));

    assertThat(reserved("r")).isEqualTo(reply("r", PLAIN, false));
  }

  @Test
  void aFileThatSomebodyPutAtTheHighestNumberUsesNoNamesUp() {
    upload("a", "r1");
    registry.apply(mark("a"));
    registry.apply(condemn(PLAIN + ".999999999"));

    assertThat(reserved("r2").getLocation()).isEqualTo(PLAIN + ".2");

    registry.apply(condemn(PLAIN + ".2"));
    assertThat(reserved("r3").getLocation()).isEqualTo(PLAIN + ".2");
    registry.one(register(uploaded("b", PLAIN + ".2"), "r2"));
    registry.one(register(uploaded("c", PLAIN + ".2"), "r3"));
    registry.apply(mark("b"));
    registry.apply(mark("c"));
    assertThat(reserved("r4").getLocation()).isEqualTo(PLAIN + ".3");
  }

  @Test
  void whatIsAtAnHttpAddressIsNeverCondemned() {
    Asset asset =
        uploaded("a", "https://images.test/kernel").toBuilder()
            .setBackend(StorageBackend.STORAGE_BACKEND_HTTP)
            .build();
    registry.apply(register(asset));

    assertThat(registry.one(mark("a")).getDeletionMarked().getBytesFreed()).isZero();

    assertThat(condemned()).isEmpty();
    registry.one(purge("a"));
    assertThat(registry.exists("a")).isFalse();
    assertThat(registry.one(register(asset)).getAssetRegistered().getExisted()).isFalse();
  }

  @Test
  void theSameDirectoryAsAnotherKindOfStoreKeepsItsFiles() {
    Asset local = uploaded("a", PLAIN);
    Asset nfs =
        uploaded("b", PLAIN).toBuilder().setBackend(StorageBackend.STORAGE_BACKEND_NFS).build();
    registry.apply(register(local), register(nfs));

    registry.apply(mark("b"), purge("b"));
    assertThat(condemned()).as("the local record needs the file").isEmpty();
    registry.apply(
        Command.newBuilder()
            .setCondemnBlobs(
                CondemnBlobs.newBuilder()
                    .setBackend(StorageBackend.STORAGE_BACKEND_NFS)
                    .addLocations(PLAIN))
            .build());
    assertThat(condemned()).as("a sweep leaves it").isEmpty();

    registry.apply(mark("a"));
    assertThat(condemned()).as("the last record takes it along").isNotEmpty();
  }

  @Test
  void twoUploadsOfTheSameBytesAtTheSameTimeShareOneBlob() {
    assertThat(reserved("r1").getLocation()).isEqualTo(PLAIN);
    assertThat(reserved("r2")).isEqualTo(reply("r2", PLAIN, false));

    registry.one(register(uploaded("a", PLAIN), "r1"));
    registry.one(mark("a"));

    assertThat(condemned()).as("the second still needs it").isEmpty();
    assertThat(registry.one(register(uploaded("b", PLAIN), "r2")).hasAssetRegistered()).isTrue();
    registry.one(purge("a"));
    assertThat(registry.exists("b")).isTrue();
    assertThat(condemned()).isEmpty();
  }

  @Test
  void reservingAgainWithTheSameIdProlongsAndGivesTheSameName() {
    reserved("r");
    registry.advanceClock(TTL_MILLIS - 1);
    assertThat(reserved("r")).isEqualTo(reply("r", PLAIN, false));
    registry.advanceClock(TTL_MILLIS - 1);
    assertThat(reserved(reservation("r").setTtlMillis(1))).isEqualTo(reply("r", PLAIN, false));

    assertThat(registry.one(register(uploaded("a", PLAIN), "r")).hasAssetRegistered()).isTrue();
  }

  @Test
  void anIdOfAReservationOfOtherBytesOrOneThatExpiredIsRefused() {
    reserved("r");
    assertThat(registry.rejection(reserve(reservation("r").setSizeBytes(1))).getField())
        .isEqualTo("reservation_id");
    registry.advanceClock(TTL_MILLIS);
    assertThat(registry.rejection(reserve("r")).getRule()).isEqualTo(Rule.RULE_RESERVATION_EXPIRED);
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void aMalformedCommandIsRejectedByTheNameOfTheField(String field, Command command) {
    String before = registry.hash();

    assertThat(registry.rejection(command).getRule()).isEqualTo(Rule.RULE_INVALID);
    assertThat(registry.rejection(command).getField()).isEqualTo(field);
    assertThat(registry.hash()).isEqualTo(before);
  }

  static Stream<Arguments> malformed() {
    ReserveBlob.Builder upper = reservation("r").setChecksum(CHECKSUM.replace('b', 'B'));
    return Stream.of(
        Arguments.of("reservation_id", reserve("")),
        Arguments.of("backend", reserve(reservation("r").setBackendValue(0))),
        Arguments.of("checksum", reserve(reservation("r").setChecksum("ab"))),
        Arguments.of("checksum", reserve(upper)),
        Arguments.of("size_bytes", reserve(reservation("r").setSizeBytes(-1))),
        Arguments.of("ttl_millis", reserve(reservation("r").setTtlMillis(0))),
        Arguments.of("locations", condemn("x", "")),
        Arguments.of("locations", forget("")));
  }

  @Test
  void anExpiredReservationProtectsNothingAndRegistersNothing() {
    upload("a", "r1");
    reserved("r2");
    registry.advanceClock(TTL_MILLIS);

    registry.one(mark("a"));

    assertThat(condemned()).containsExactly(PLAIN);
    assertThat(registry.rejection(register(uploaded("b", PLAIN), "r2")).getRule())
        .isEqualTo(Rule.RULE_RESERVATION_EXPIRED);
    assertThat(registry.rejection(register(uploaded("b", PLAIN), "never")).getRule())
        .isEqualTo(Rule.RULE_RESERVATION_EXPIRED);
    assertThat(registry.exists("b")).isFalse();
  }

  @Test
  void aReservationProtectsUntilTheLastMillisecond() {
    upload("a", "r1");
    reserved("r2");
    registry.advanceClock(TTL_MILLIS - 1);

    registry.one(mark("a"));

    assertThat(condemned()).isEmpty();
    assertThat(registry.one(register(uploaded("b", PLAIN), "r2")).hasAssetRegistered()).isTrue();
  }

  @Test
  void aReservationOfOtherBytesRegistersNothing() {
    reserved("r");
    Asset wanted = uploaded("a", PLAIN);
    List<Asset> others =
        List.of(
            wanted.toBuilder().setLocation(PLAIN + ".2").build(),
            wanted.toBuilder().setSizeBytes(1).build(),
            wanted.toBuilder().setChecksum("cd".repeat(32)).build(),
            wanted.toBuilder().setBackend(StorageBackend.STORAGE_BACKEND_NFS).build());

    for (Asset other : others) {
      assertThat(registry.rejection(register(other, "r")).getField())
          .as("%s", other)
          .isEqualTo("reservation_id");
    }
    assertThat(registry.exists("a")).isFalse();
    assertThat(registry.one(register(wanted, "r")).hasAssetRegistered()).isTrue();
  }

  @Test
  void registeringTwiceUnderOneReservationIsOneAsset() {
    upload("a", "r");

    AssetRegistered again = registry.one(register(uploaded("a", PLAIN), "r")).getAssetRegistered();

    assertThat(again.getExisted()).isTrue();
  }

  @Test
  void theBlobIsCondemnedWithItsLastAssetInWhateverOrderTheyGo() {
    for (List<String> order : List.of(List.of("a", "b"), List.of("b", "a"))) {
      registry.apply(register(uploaded("a", "shared")), register(uploaded("b", "shared")));

      var first = registry.one(mark(order.get(0))).getDeletionMarked();
      assertThat(first.getBytesFreed()).isZero();
      assertThat(condemned()).isEmpty();
      registry.one(purge(order.get(0)));
      assertThat(condemned()).isEmpty();

      var second = registry.one(mark(order.get(1))).getDeletionMarked();
      assertThat(second.getBytesFreed()).isEqualTo(SIZE);
      assertThat(condemned()).containsExactly("shared");
      registry.one(purge(order.get(1)));
      assertThat(condemned()).isEmpty();
    }
  }

  @Test
  void assetsThatShareABlobAndGoTogetherFreeItOnce() {
    registry.apply(
        register(uploaded("a", "shared")),
        register(uploaded("b", "shared")),
        register(uploaded("c", "own")));

    var marked = registry.one(mark("a", "b", "c", "a")).getDeletionMarked();

    assertThat(marked.getMarkedCount()).isEqualTo(3);
    assertThat(marked.getBytesFreed()).isEqualTo(2 * SIZE);
    assertThat(condemned()).containsExactly("own", "shared");
    registry.one(purge("b"));
    assertThat(condemned()).as("a is not purged yet").containsExactly("own", "shared");
    registry.one(purge("a"));
    assertThat(condemned()).containsExactly("own");
  }

  @Test
  void aLeasedAssetKeepsTheBlobThatItShares() {
    registry.apply(
        register(uploaded("a", "shared")), register(uploaded("b", "shared")), acquire("b", "l", 0));

    var marked = registry.one(mark("a", "b")).getDeletionMarked();

    assertThat(marked.getMarkedCount()).isEqualTo(1);
    assertThat(marked.getBytesFreed()).isZero();
    assertThat(condemned()).isEmpty();
  }

  @Test
  void bytesThatComeBackWhileTheirBlobIsDeletedGetANewName() {
    upload("a", "r1");
    registry.one(mark("a"));

    assertThat(reserved("r2")).isEqualTo(reply("r2", PLAIN + ".2", false));
    assertThat(registry.one(register(uploaded("b", PLAIN + ".2"), "r2")).hasAssetRegistered())
        .isTrue();
    registry.one(purge("a"));

    assertThat(registry.exists("b")).isTrue();
    assertThat(reserved("r3")).isEqualTo(reply("r3", PLAIN + ".2", true));
  }

  @Test
  void bytesThatComeBackAgainAndAgainGetANewNameEachTime() {
    for (int i = 1; i <= 12; i++) {
      String expected = i == 1 ? PLAIN : PLAIN + "." + i;
      assertThat(reserved("r" + i).getLocation()).isEqualTo(expected);
      registry.apply(register(uploaded("a", expected), "r" + i), mark("a"), purge("a"));
    }
  }

  @Test
  void theNameOfADeletedBlobIsFreeAgainAfterAMonth() {
    upload("a", "r1");
    registry.apply(mark("a"), purge("a"));
    registry.advanceClock(MONTH_MILLIS - 1);
    assertThat(reserved("r2").getLocation()).isEqualTo(PLAIN + ".2");

    registry.advanceClock(1);

    assertThat(reserved("r3").getLocation()).isEqualTo(PLAIN);
  }

  @Test
  void aBlobThatIsStillToBeDeletedIsNotForgottenHoweverLongItTakes() {
    upload("a", "r1");
    registry.one(mark("a"));
    registry.advanceClock(2 * MONTH_MILLIS);

    assertThat(reserved("r2").getLocation()).isEqualTo(PLAIN + ".2");
    assertThat(condemned()).containsExactly(PLAIN);
  }

  @Test
  void namesOfDeletedBlobsDoNotPileUp() {
    for (int i = 0; i < 10; i++) {
      registry.apply(register(uploaded("a", "x" + i)), mark("a"), purge("a"));
    }
    registry.advanceClock(MONTH_MILLIS);
    for (int i = 0; i < 5; i++) {
      registry.apply(register(uploaded("a", "y" + i)), mark("a"), purge("a"));
    }
    assertThat(count("SELECT count(*) FROM blob_tombstones")).isEqualTo(5);
  }

  @Test
  void reservationsThatCameToNothingDoNotPileUp() {
    for (int i = 0; i < 10; i++) {
      reserved("r" + i);
    }
    registry.advanceClock(TTL_MILLIS);
    assertThat(deadlines()).isFalse();
    for (int i = 0; i < 5; i++) {
      reserved("s" + i);
    }
    assertThat(count("SELECT count(*) FROM blob_reservations")).isEqualTo(5);
    assertThat(deadlines()).isTrue();
  }

  @Test
  void aCondemnedLocationCannotBeRegisteredUntilItIsGone() {
    registry.apply(register(uploaded("a", "x")), mark("a"));
    Command outside = register(uploaded("b", "x"));

    assertThat(registry.rejection(outside).getRule()).isEqualTo(Rule.RULE_LOCATION_BEING_DELETED);
    registry.one(purge("a"));

    assertThat(registry.one(outside).hasAssetRegistered()).isTrue();
  }

  @Test
  void bytesThatSomebodyPutUnderTheNameOfADeletedBlobCanBeRegisteredButAreNotShared() {
    upload("a", "r1");
    registry.apply(mark("a"), purge("a"));
    registry.apply(register(uploaded("b", PLAIN)));

    assertThat(registry.exists("b")).isTrue();
    assertThat(reserved("r2")).isEqualTo(reply("r2", PLAIN + ".2", false));

    registry.one(mark("b"));
    assertThat(condemned()).containsExactly(PLAIN);
    registry.one(purge("b"));
    assertThat(condemned()).isEmpty();
  }

  @Test
  void aDeletionWhoseBlobAnUploadHasReservedLeavesTheBlobToTheUpload() {
    upload("a", "r1");
    assertThat(reserved("r2")).isEqualTo(reply("r2", PLAIN, true));

    var marked = registry.one(mark("a")).getDeletionMarked();

    assertThat(marked.getMarkedCount()).isEqualTo(1);
    assertThat(marked.getBytesFreed()).isZero();
    assertThat(condemned()).isEmpty();
    registry.apply(purge("a"));
    assertThat(registry.one(register(uploaded("b", PLAIN), "r2")).hasAssetRegistered()).isTrue();
    assertThat(condemned()).isEmpty();
    assertThat(unreferenced(PLAIN)).isEmpty();
  }

  @Test
  void anUploadThatCameToNothingLeavesItsBlobToTheSweep() {
    upload("a", "r1");
    reserved("r2");
    registry.apply(mark("a"), purge("a"));
    assertThat(unreferenced(PLAIN, "other")).containsExactly("other");
    assertThat(registry.one(condemn(PLAIN)).getBlobsCondemned().getLocationsCount()).isZero();

    registry.advanceClock(TTL_MILLIS);

    assertThat(unreferenced(PLAIN, "other")).containsExactly(PLAIN, "other");
    assertThat(registry.one(condemn(PLAIN)).getBlobsCondemned().getLocationsList())
        .containsExactly(PLAIN);
    assertThat(condemned()).containsExactly(PLAIN);
  }

  @Test
  void theSweepCondemnsOnlyWhatNothingRefersTo() {
    registry.apply(
        register(uploaded("a", "available")),
        register(uploaded("d", "deleting")),
        register(uploaded("e", "error")),
        mark("d"),
        missing("e"));
    reserved("r");

    var condemned =
        registry
            .one(condemn("available", "deleting", "error", PLAIN, "orphan", "orphan"))
            .getBlobsCondemned();

    assertThat(condemned.getLocationsList()).containsExactly("orphan");
    assertThat(condemned()).containsExactly("deleting", "orphan");
  }

  @Test
  void bytesCondemnedByTheSweepAndUploadedAgainGetANewName() {
    registry.one(condemn(PLAIN));

    assertThat(reserved("r1")).isEqualTo(reply("r1", PLAIN + ".2", false));
    assertThat(registry.rejection(register(uploaded("a", PLAIN))).getRule())
        .isEqualTo(Rule.RULE_LOCATION_BEING_DELETED);
    assertThat(registry.one(forget(PLAIN, PLAIN, "other")).getBlobsForgotten().getLocationsList())
        .containsExactly(PLAIN);
    assertThat(condemned()).isEmpty();
    assertThat(reserved("r2").getLocation()).isEqualTo(PLAIN + ".2");
  }

  @Test
  void anUploadUnderWayIsSafeFromTheSweep() {
    reserved("r");

    assertThat(registry.one(condemn(PLAIN)).getBlobsCondemned().getLocationsCount()).isZero();

    assertThat(registry.one(register(uploaded("a", PLAIN), "r")).hasAssetRegistered()).isTrue();
    assertThat(registry.one(condemn(PLAIN)).getBlobsCondemned().getLocationsCount()).isZero();
  }

  @Test
  void aDeletedBlobThatShowsUpAgainIsCondemnedAgain() {
    registry.apply(condemn(PLAIN), forget(PLAIN));
    assertThat(unreferenced(PLAIN)).containsExactly(PLAIN);

    assertThat(registry.one(condemn(PLAIN)).getBlobsCondemned().getLocationsCount()).isEqualTo(1);

    assertThat(condemned()).containsExactly(PLAIN);
    assertThat(unreferenced(PLAIN)).as("on its way already").isEmpty();
    assertThat(registry.one(condemn(PLAIN)).getBlobsCondemned().getLocationsCount()).isZero();
  }

  @Test
  void aBlobThatRecordsReferToIsNotForgottenBeforeTheyArePurged() {
    registry.apply(register(uploaded("a", "x")), mark("a"));

    assertThat(registry.one(forget("x")).getBlobsForgotten().getLocationsCount()).isZero();

    assertThat(condemned()).containsExactly("x");
  }

  @Test
  void anAssetWithoutItsBlobIsAnErrorUntilTheBlobIsFoundAgain() {
    registry.apply(
        register(uploaded("a", "x")), register(uploaded("b", "y")), acquire("a", "l", 0));

    var noted = registry.one(missing("a", "a", "nobody")).getBlobsNoted();

    assertThat(noted.getBecameMissing()).isEqualTo(1);
    assertThat(registry.asset("a").getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_ERROR);
    assertThat(registry.asset("a").getReferenceCount()).as("its lease goes on").isEqualTo(1);
    assertThat(registry.rejection(acquire("a", "l2", 0)).getRule())
        .isEqualTo(Rule.RULE_ASSET_NOT_AVAILABLE);
    assertThat(stored()).containsExactly("a", "b");
    assertThat(registry.one(found("a", "b")).getBlobsNoted().getBecameAvailable()).isEqualTo(1);
    assertThat(registry.asset("a").getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  @Test
  void nothingThatIsNotedBringsADeletedAssetBack() {
    registry.apply(register(uploaded("a", "x")), mark("a"));
    String before = registry.hash();

    registry.one(found("a"));
    registry.one(missing("a"));

    assertThat(registry.hash()).isEqualTo(before);
  }

  @Test
  void anAssetInErrorIsDeletedByTheSameRules() {
    registry.apply(
        register(uploaded("a", "x")),
        register(uploaded("b", "y")),
        acquire("b", "l", 0),
        missing("a", "b"));

    var marked = registry.one(mark("a", "b")).getDeletionMarked();

    assertThat(marked.getMarkedList()).extracting(Asset::getId).containsExactly("a");
    assertThat(marked.getRefused(0).getLeaseCount()).isEqualTo(1);
    assertThat(condemned()).containsExactly("x");
  }

  @Test
  void anAssetInErrorKeepsTheBlobOfAnotherThatGoes() {
    registry.apply(
        register(uploaded("a", "x")), register(uploaded("b", "x")), missing("b"), mark("a"));

    assertThat(condemned()).isEmpty();
  }

  @Test
  void storingTheBytesOfAnAssetInErrorAgainGoesToItsOwnPlace() {
    upload("a", "r1");
    registry.apply(mark("a"), purge("a"));
    assertThat(reserved("r2").getLocation()).isEqualTo(PLAIN + ".2");
    registry.apply(register(uploaded("b", PLAIN + ".2"), "r2"), missing("b"));

    assertThat(reserved("r3")).isEqualTo(reply("r3", PLAIN + ".2", false));
    assertThat(registry.one(register(uploaded("c", PLAIN + ".2"), "r3")).hasAssetRegistered())
        .isTrue();
    assertThat(registry.asset("c").getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
    assertThat(registry.asset("b").getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_ERROR);
  }

  @Test
  void uploadingAnAssetInErrorAgainMakesItWhole() {
    upload("a", "r1");
    registry.apply(missing("a"));
    reserved("r2");

    AssetRegistered again = registry.one(register(uploaded("a", PLAIN), "r2")).getAssetRegistered();

    assertThat(again.getExisted()).isTrue();
    assertThat(again.getAsset()).isEqualTo(registry.asset("a"));
    assertThat(registry.asset("a").getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_AVAILABLE);
  }

  @Test
  void onlyALiveReservationMakesAnAssetWhole() {
    upload("a", "r1");
    registry.apply(missing("a"));
    reserved("r2");
    registry.advanceClock(TTL_MILLIS);

    registry.one(register(uploaded("a", PLAIN), "r2"));
    registry.one(register(uploaded("a", PLAIN)));

    assertThat(registry.asset("a").getStatus()).isEqualTo(AssetStatus.ASSET_STATUS_ERROR);
  }

  @Test
  void uploadingAnAssetAgainIsTheSameAssetWhereverItsBytesAre() {
    upload("a", "r1");
    registry.apply(mark("a"), purge("a"));
    reserved("r2");
    registry.apply(register(uploaded("b", PLAIN + ".2"), "r2"), missing("b"));
    registry.apply(register(uploaded("c", "outside")));
    registry.advanceClock(MONTH_MILLIS);
    reserved("r3");

    assertThat(registry.one(register(uploaded("c", PLAIN + ".2"), "r3")).getAssetRegistered())
        .isEqualTo(
            AssetRegistered.newBuilder().setAsset(registry.asset("c")).setExisted(true).build());
    assertThat(registry.asset("c").getLocation()).isEqualTo("outside");
  }

  @Test
  void anIdThatIsBeingDeletedIsNotGivenToAnUploadOfTheSameBytes() {
    upload("a", "r1");
    registry.apply(mark("a"));
    reserved("r2");

    assertThat(registry.rejection(register(uploaded("a", PLAIN + ".2"), "r2")).getRule())
        .isEqualTo(Rule.RULE_LOCATION_BEING_DELETED);
    registry.apply(purge("a"));
    assertThat(registry.one(register(uploaded("a", PLAIN + ".2"), "r2")).hasAssetRegistered())
        .as("the reservation is kept for another try")
        .isTrue();
  }

  @Test
  void aDeletionThatWasMarkedForAnUploadNeverCondemnsWhatTheUploadMade() {
    upload("a", "r1");
    reserved("r2");
    registry.apply(mark("a"), register(uploaded("b", PLAIN), "r2"));

    var purged = registry.one(purge("a", "b")).getAssetsPurged();

    assertThat(purged.getAssetIdsList()).containsExactly("a");
    assertThat(condemned()).isEmpty();
    assertThat(registry.one(mark("b")).getDeletionMarked().getBytesFreed()).isEqualTo(SIZE);
  }

  @Test
  void whatADeposedLeaderStillWantsChangesNothing() {
    upload("a", "r");
    registry.apply(register(uploaded("b", "y")), mark("b"));
    String before = registry.hash();

    for (Command command :
        List.of(mark("a"), purge("b"), condemn("z"), forget("z"), missing("a"), reserve("r2"))) {
      assertThat(registry.rejection(BlobTestCommands.inTerm(2, command)).getRule())
          .as("%s", command.getKindCase())
          .isEqualTo(Rule.RULE_TERM_ENDED);
    }

    assertThat(registry.hash()).isEqualTo(before);
    assertThat(registry.one(BlobTestCommands.inTerm(1, purge("b"))).getAssetsPurged())
        .matches(purged -> purged.getAssetIdsCount() == 1);
  }

  @Test
  void condemnedBlobsAreListedByStoreAndName() {
    registry.apply(condemn("b", "a", "c"));
    registry.apply(
        register(
            uploaded("n", "0").toBuilder().setBackend(StorageBackend.STORAGE_BACKEND_NFS).build()),
        mark("n"));

    assertThat(condemned(3))
        .containsExactly(new BlobRef(LOCAL, "a"), new BlobRef(LOCAL, "b"), new BlobRef(LOCAL, "c"));
    assertThat(condemned(9)).last().isEqualTo(new BlobRef(StorageBackend.STORAGE_BACKEND_NFS, "0"));
    assertThat(registry.database.<Boolean>read(view -> view.isCondemned(LOCAL, "a"))).isTrue();
    assertThat(registry.database.<Boolean>read(view -> view.isCondemned(LOCAL, "0"))).isFalse();
  }

  @Test
  void storedAssetsAreThoseThatShouldHaveABlobPageByPage() {
    registry.apply(
        register(uploaded("a", "1")),
        register(uploaded("b", "2")),
        register(uploaded("c", "3")),
        register(uploaded("d", "4")),
        mark("b"),
        missing("c"));
    registry.apply(
        register(
            uploaded("e", "5").toBuilder().setBackend(StorageBackend.STORAGE_BACKEND_NFS).build()));

    assertThat(stored()).containsExactly("a", "c", "d");
    assertThat(stored("a", 1)).containsExactly("c");
    assertThat(stored("c", 9)).containsExactly("d");
  }

  @Test
  void locationsOfStoredAssetsComeOnceEachInTheirOrder() {
    registry.apply(
        register(uploaded("d", "1")),
        register(uploaded("c", "2")),
        register(uploaded("b", "1")),
        register(uploaded("a", "3")),
        register(uploaded("e", "4")),
        missing("b", "a"),
        mark("e"));
    registry.apply(
        register(
            uploaded("f", "0").toBuilder().setBackend(StorageBackend.STORAGE_BACKEND_NFS).build()));

    assertThat(registry.database.<List<String>>read(v -> v.storedLocations(LOCAL, "", 9)))
        .containsExactly("1", "2", "3");
    assertThat(registry.database.<List<String>>read(v -> v.storedLocations(LOCAL, "1", 1)))
        .containsExactly("2");
    assertThat(registry.database.<List<Asset>>read(v -> v.storedAt(LOCAL, "1", 9)))
        .extracting(Asset::getId)
        .containsExactlyInAnyOrder("b", "d");
    assertThat(registry.database.<List<Asset>>read(v -> v.storedAt(LOCAL, "4", 9))).isEmpty();
  }

  @CanIgnoreReturnValue
  private BlobReserved reserved(ReserveBlob.Builder reservation) {
    return registry.one(reserve(reservation)).getBlobReserved();
  }

  @CanIgnoreReturnValue
  private BlobReserved reserved(String id) {
    return reserved(reservation(id));
  }

  private void upload(String id, String reservationId) {
    String location = reserved(reservationId).getLocation();
    assertThat(registry.one(register(uploaded(id, location), reservationId)).hasAssetRegistered())
        .isTrue();
  }

  private static BlobReserved reply(String id, String location, boolean stored) {
    return BlobReserved.newBuilder()
        .setReservationId(id)
        .setLocation(location)
        .setStored(stored)
        .build();
  }

  private List<String> condemned() {
    return condemned(100).stream().map(BlobRef::location).toList();
  }

  private List<BlobRef> condemned(int limit) {
    return registry.database.read(view -> view.condemned(limit));
  }

  private List<String> unreferenced(String... locations) {
    return registry.database.read(view -> view.unreferenced(LOCAL, List.of(locations)));
  }

  private List<String> stored() {
    return stored(null, 100);
  }

  private List<String> stored(@Nullable String afterId, int limit) {
    return registry.database.read(view -> view.stored(LOCAL, afterId, limit)).stream()
        .map(Asset::getId)
        .toList();
  }

  private boolean deadlines() {
    return registry.database.read(RegistryView::hasDeadlines);
  }

  private long count(String query) {
    try (Sql sql = Connections.reader(registry.file)) {
      return sql.integer(query);
    }
  }
}
