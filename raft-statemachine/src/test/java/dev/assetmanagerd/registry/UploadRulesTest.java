package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.purge;
import static dev.assetmanagerd.registry.Commands.register;
import static dev.assetmanagerd.registry.UploadTestCommands.TTL_MILLIS;
import static dev.assetmanagerd.registry.UploadTestCommands.append;
import static dev.assetmanagerd.registry.UploadTestCommands.close;
import static dev.assetmanagerd.registry.UploadTestCommands.complete;
import static dev.assetmanagerd.registry.UploadTestCommands.open;
import static dev.assetmanagerd.registry.UploadTestCommands.opening;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.OpenUpload;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import dev.assetmanagerd.log.v1.UploadPart;
import dev.assetmanagerd.log.v1.UploadState;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the registry promises of uploads that go on at any node. */
class UploadRulesTest {
  @TempDir private Path directory;
  private TestRegistry registry;

  @BeforeEach
  void openRegistry() {
    registry = new TestRegistry(directory.resolve("live.db"));
    registry.apply();
  }

  @AfterEach
  void closeRegistry() {
    registry.close();
  }

  @Test
  void anUploadGrowsByPartsThatFollowEachOther() {
    UploadState opened = registry.one(open("u")).getUploadOpened().getUpload();
    assertThat(opened.getOffset()).isZero();

    registry.apply(append("u", 0, 10, "p1"));
    UploadState longer = registry.one(append("u", 10, 5, "p2")).getUploadAppended().getUpload();

    assertThat(longer.getOffset()).isEqualTo(15);
    assertThat(longer.getDigestState().toStringUtf8()).isEqualTo("after 15");
    assertThat(upload("u")).contains(longer);
    assertThat(parts("u")).extracting(UploadPart::getPartId).containsExactly("p1", "p2");
    assertThat(parts("u")).extracting(UploadPart::getOffset).containsExactly(0L, 10L);
  }

  @Test
  void ofTwoWritersAtOneOffsetOneWinsAndTheOtherIsToldWhereItGoesOn() {
    registry.apply(open("u"), append("u", 0, 10, "mine"));

    Rejection lost = registry.rejection(append("u", 0, 7, "other"));

    assertThat(lost.getRule()).isEqualTo(Rule.RULE_UPLOAD_OFFSET);
    assertThat(lost.getUploadOffset()).isEqualTo(10);
    assertThat(parts("u")).extracting(UploadPart::getPartId).containsExactly("mine");
  }

  @Test
  void aPartThatIsAppendedAgainChangesNothing() {
    registry.apply(open("u"), append("u", 0, 10, "p1"), append("u", 10, 10, "p2"));
    String before = registry.hash();

    assertThat(registry.one(append("u", 0, 10, "p1")).getUploadAppended().getUpload().getOffset())
        .isEqualTo(20);

    assertThat(registry.hash()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 9, 11, Long.MAX_VALUE})
  void bytesAtAnyOtherOffsetThanTheEndAreRefused(long offset) {
    registry.apply(open("u"), append("u", 0, 10, "p1"));

    assertThat(registry.rejection(append("u", offset, 1, "p2")).getRule())
        .isEqualTo(Rule.RULE_UPLOAD_OFFSET);
  }

  @Test
  void anUploadNeverHasMoreBytesThanItMay() {
    registry.apply(open(opening("u").setMaxBytes(10)), append("u", 0, 6, "p1"));

    assertThat(registry.rejection(append("u", 6, 5, "p2")).getRule())
        .isEqualTo(Rule.RULE_UPLOAD_FULL);
    assertThat(registry.rejection(append("u", 6, Long.MAX_VALUE, "p2")).getRule())
        .isEqualTo(Rule.RULE_UPLOAD_FULL);
    assertThat(registry.one(append("u", 6, 4, "p2")).hasUploadAppended()).isTrue();
  }

  @Test
  void anUploadNeverHasMorePartsThanItMay() {
    registry.apply(open("u"));
    registry.apply(
        IntStream.range(0, UploadCommands.PARTS_MAX)
            .mapToObj(i -> append("u", i, 1, "p" + i))
            .toArray(Command[]::new));

    Rejection full = registry.rejection(append("u", UploadCommands.PARTS_MAX, 1, "last"));

    assertThat(full.getRule()).isEqualTo(Rule.RULE_UPLOAD_FULL);
    registry.advanceClock(TTL_MILLIS);
    assertThat(parts("u")).as("an end takes all of them").isEmpty();
  }

  @Test
  void moreUploadsThanThereMayBeAreRefusedUntilOneEnds() {
    registry.apply(
        IntStream.range(0, UploadCommands.OPEN_MAX)
            .mapToObj(i -> open("u" + i))
            .toArray(Command[]::new));

    assertThat(registry.rejection(open("one more")).getRule())
        .isEqualTo(Rule.RULE_TOO_MANY_UPLOADS);
    registry.apply(close("u7"));
    assertThat(registry.one(open("one more")).hasUploadOpened()).isTrue();

    registry.apply(complete("u8", "a", 0));
    assertThat(registry.one(open("yet one more")).hasUploadOpened())
        .as("one that is an asset is not open")
        .isTrue();
    registry.advanceClock(TTL_MILLIS);
    assertThat(registry.one(open("after all have expired")).hasUploadOpened()).isTrue();
  }

  @Test
  void anUploadExpiresWhenNothingComesForItsTimeAndNotBefore() {
    registry.apply(open("u"));
    registry.advanceClock(TTL_MILLIS - 1);
    registry.apply(append("u", 0, 10, "p1"));
    registry.advanceClock(TTL_MILLIS - 1);
    assertThat(upload("u")).isPresent();

    registry.advanceClock(1);

    assertThat(upload("u")).isEmpty();
    assertThat(registry.rejection(append("u", 10, 10, "p2")).getRule())
        .isEqualTo(Rule.RULE_UPLOAD_NOT_FOUND);
    assertThat(registry.rejection(complete("u", "a", 10)).getRule())
        .isEqualTo(Rule.RULE_UPLOAD_NOT_FOUND);
    assertThat(registry.exists("a")).isFalse();
  }

  @Test
  void theClockHasToMoveWhileAnUploadIsThere() {
    assertThat(hasDeadlines()).isFalse();
    registry.apply(open("u"));
    assertThat(hasDeadlines()).isTrue();
    registry.advanceClock(TTL_MILLIS);
    assertThat(hasDeadlines()).as("its row is gone").isFalse();
  }

  @Test
  void anUploadBecomesOneAssetAndCompletingItAgainGivesTheSame() {
    registry.apply(open("u"), append("u", 0, 10, "p1"));

    var first = registry.one(complete("u", "a", 10)).getAssetRegistered();
    var second = registry.one(complete("u", "b", 10)).getAssetRegistered();

    assertThat(first.getExisted()).isFalse();
    assertThat(second.getExisted()).isTrue();
    assertThat(second.getAsset()).isEqualTo(first.getAsset());
    assertThat(registry.exists("b")).isFalse();
    assertThat(upload("u").orElseThrow().getAssetId()).isEqualTo("a");
    assertThat(parts("u")).isEmpty();
    assertThat(notOpen("u", "x")).containsExactly("u", "x");
    assertThat(registry.rejection(append("u", 10, 1, "p2")).getRule())
        .isEqualTo(Rule.RULE_UPLOAD_NOT_FOUND);
    assertThat(registry.one(close("u")).getUploadClosed().getClosed()).isFalse();
    assertThat(upload("u")).as("remembered all the same").isPresent();
  }

  @Test
  void anAssetOfAnUploadThatIsGoneIsNotMadeAgain() {
    registry.apply(open("u"), append("u", 0, 10, "p1"), complete("u", "a", 10));
    registry.apply(mark("a"), purge("a"));

    assertThat(registry.rejection(complete("u", "b", 10)).getRule())
        .isEqualTo(Rule.RULE_ASSET_NOT_FOUND);
    registry.advanceClock(UploadCommands.COMPLETED_MILLIS);
    assertThat(registry.rejection(complete("u", "b", 10)).getRule())
        .isEqualTo(Rule.RULE_UPLOAD_NOT_FOUND);
  }

  @Test
  void anUploadDoesNotBecomeAnAssetOfFewerBytesThanWereAppendedMeanwhile() {
    registry.apply(open("u"), append("u", 0, 10, "p1"), append("u", 10, 10, "p2"));

    Rejection rejection = registry.rejection(complete("u", "a", 10));

    assertThat(rejection.getRule()).isEqualTo(Rule.RULE_UPLOAD_OFFSET);
    assertThat(rejection.getUploadOffset()).isEqualTo(20);
    assertThat(notOpen("u")).isEmpty();
  }

  @Test
  void anUploadWhoseAssetIsRefusedStaysOpen() {
    registry.apply(register("a"), open("u"), append("u", 0, 10, "p1"));

    assertThat(registry.rejection(complete("u", "a", 10)).getRule())
        .isEqualTo(Rule.RULE_ASSET_EXISTS);

    assertThat(notOpen("u")).isEmpty();
    assertThat(parts("u")).hasSize(1);
    assertThat(registry.one(complete("u", "b", 10)).hasAssetRegistered()).isTrue();
  }

  @Test
  void aDirectUploadTakesNoPartsAndHasTheSizeOfItsAsset() {
    registry.apply(open(opening("u").setDirect(true)));

    assertThat(registry.rejection(append("u", 0, 10, "p")).getRule()).isEqualTo(Rule.RULE_INVALID);
    assertThat(registry.one(complete("u", "a", 10)).hasAssetRegistered()).isTrue();
  }

  @Test
  void anUploadThatIsClosedIsGoneWithItsParts() {
    registry.apply(open("u"), append("u", 0, 10, "p1"));

    assertThat(registry.one(close("u")).getUploadClosed().getClosed()).isTrue();
    assertThat(registry.one(close("u")).getUploadClosed().getClosed()).isFalse();

    assertThat(upload("u")).isEmpty();
    assertThat(parts("u")).isEmpty();
    assertThat(notOpen("u")).containsExactly("u");
  }

  @Test
  void whatCannotBeAnUploadIsRefused() {
    registry.apply(open("taken"));
    List<OpenUpload.Builder> malformed =
        List.of(
            opening(""),
            opening("taken"),
            opening("u").setChecksum("x"),
            opening("u").setMaxBytes(-1),
            opening("u").setTtlMillis(0),
            opening("u").setMetadata(ByteString.copyFrom(new byte[(512 << 10) + 1])),
            opening("u").setDigestState(ByteString.copyFrom(new byte[513])));
    for (OpenUpload.Builder opening : malformed) {
      assertThat(registry.rejection(open(opening)).getRule()).isEqualTo(Rule.RULE_INVALID);
    }
    assertThat(registry.rejection(append("taken", 0, 0, "p")).getField()).isEqualTo("size_bytes");
    assertThat(registry.rejection(append("taken", 0, 1, "")).getField()).isEqualTo("part_id");
    assertThat(upload("u")).isEmpty();
  }

  private Optional<UploadState> upload(String id) {
    return registry.database.read(view -> view.upload(id));
  }

  private List<UploadPart> parts(String id) {
    return registry.database.read(view -> view.uploadParts(id));
  }

  private List<String> notOpen(String... ids) {
    return registry.database.read(view -> view.uploadsNotOpen(List.of(ids)));
  }

  private boolean hasDeadlines() {
    return registry.database.<Boolean>read(RegistryView::hasDeadlines);
  }
}
