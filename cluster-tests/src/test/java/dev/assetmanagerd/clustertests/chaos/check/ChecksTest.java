package dev.assetmanagerd.clustertests.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Result;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The checks besides linearizability. */
final class ChecksTest {
  private static final Seen THERE = Seen.available(Script.ASSET, 0, "");
  private static final FinalState NOTHING = new FinalState(Map.of(), Set.of());

  private static FinalState assetWith(String... leases) {
    return new FinalState(Map.of(Script.ASSET, THERE), Set.of(leases));
  }

  private static void assertLost(Script script, FinalState end) {
    assertThat(new LostWritesCheck(end).check(script.history()).result()).isEqualTo(Result.BROKEN);
  }

  private static void assertNothingLost(Script script, FinalState end) {
    assertThat(new LostWritesCheck(end).check(script.history()).findings()).isEmpty();
  }

  @Test
  void aRegisteredAssetIsThereInTheEndUnlessItMayHaveBeenDeleted() {
    Script registered = new Script().register(0, 0, 10);
    assertLost(registered, NOTHING);
    assertNothingLost(registered, assetWith());
    assertNothingLost(registered.deleteOfUnknownOutcome(1, 20, 30), NOTHING);
  }

  @Test
  void aDeletedAssetIsGoneInTheEndUnlessItMayHaveBeenRegisteredAnew() {
    Script deleted = new Script().register(0, 0, 10).delete(0, 20, 30);
    assertLost(deleted, assetWith());
    assertNothingLost(deleted, NOTHING);
    assertNothingLost(deleted.register(1, 25, 50), assetWith());
  }

  @Test
  void aLeaseForEverIsThereInTheEndUnlessItMayHaveBeenReleased() {
    Script granted = new Script().register(0, 0, 10).acquire(1, 20, 30, "l1", 1);
    assertLost(granted, assetWith());
    assertNothingLost(granted, assetWith("l1"));
    assertNothingLost(granted.release(1, 40, 50, "l1", Script.unknown()), assetWith());
    assertNothingLost(granted, assetWith("l1"));
    assertNothingLost(
        new Script().register(0, 0, 10).acquire(1, 20, 30, "l2", 1, 1000), assetWith());
  }

  @Test
  void aReleasedLeaseIsGoneInTheEnd() {
    Script released =
        new Script().register(0, 0, 10).acquire(1, 20, 30, "l1", 1).release(1, 40, 50, "l1");
    assertLost(released, assetWith("l1"));
    assertNothingLost(released, assetWith());
  }

  @Test
  void onlyWhatACollectionSaysItTookIsGoneInTheEnd() {
    Script nothing = new Script().register(0, 0, 10);
    nothing.call(1, 20, 30, Kind.COLLECT, Script.ASSET, Input.NONE, Script.ok(Value.DONE));
    assertNothingLost(nothing, assetWith());
    Script it = new Script().register(0, 0, 10);
    Value taken = Value.of(new Seen(Script.ASSET, "DELETING", 0, ""));
    it.call(1, 20, 30, Kind.COLLECT, Script.ASSET, Input.NONE, Script.ok(taken));
    assertLost(it, assetWith());
  }

  private static Outcome granted(String lease) {
    return Script.ok(Value.granted(Seen.available(Script.ASSET, 1, ""), lease));
  }

  @Test
  void oneKeyIsAnsweredInOneWay() {
    Script same = new Script();
    same.key("k").call(1, 0, 10, Kind.ACQUIRE, Script.ASSET, Input.NONE, granted("l1"));
    same.key("k").call(1, 20, 30, Kind.ACQUIRE, Script.ASSET, Input.NONE, granted("l1"));
    same.key("j").call(1, 40, 50, Kind.ACQUIRE, Script.ASSET, Input.NONE, granted("l2"));
    Verdict kept = new KeyedRepliesCheck().check(same.history());
    assertThat(kept.isKept()).as("%s", kept).isTrue();
    assertThat(kept.figures()).containsEntry("keys answered more than once", "1");
    same.key("k").call(1, 60, 70, Kind.ACQUIRE, Script.ASSET, Input.NONE, granted("l3"));
    assertThat(new KeyedRepliesCheck().check(same.history()).findings()).hasSize(1);
  }

  @Test
  void oneLeaseIsGrantedOnce() {
    Script twice = new Script().acquire(1, 0, 10, "l1", 1).acquire(2, 20, 30, "l1", 1);
    assertThat(new KeyedRepliesCheck().check(twice.history()).findings()).hasSize(1);
  }

  @Test
  void aLeaseThatIsGoneBeforeItsTimeIsFound() {
    Script early =
        new Script().acquire(1, 0, 10, "l1", 1, 1000).renew(1, 900, 950, "l1", 1000, false);
    assertThat(new LeaseLifeCheck().check(early.history()).findings()).hasSize(1);
    Script inTime =
        new Script().acquire(1, 0, 10, "l1", 1, 1000).renew(1, 950, 1001, "l1", 1000, false);
    assertThat(new LeaseLifeCheck().check(inTime.history()).findings()).isEmpty();
    Script forEver =
        new Script()
            .acquire(1, 0, 10, "l1", 1)
            .release(1, 5000, 5010, "l1", Script.fail("not_found"));
    assertThat(new LeaseLifeCheck().check(forEver.history()).findings()).hasSize(1);
  }

  @Test
  void aLeaseThatLivesLongerThanItMayIsFoundUnlessThereWasNoLeader() {
    Script late = new Script().acquire(1, 0, 10, "l1", 1, 1000);
    writes(late, 100, 3200);
    late.renew(1, 3200, 3210, "l1", 1000, true);
    assertThat(new LeaseLifeCheck().check(late.history()).findings()).hasSize(1);
    Script leaderless =
        new Script().acquire(1, 0, 10, "l1", 1, 1000).renew(1, 3200, 3210, "l1", 1000, true);
    assertThat(new LeaseLifeCheck().check(leaderless.history()).findings()).isEmpty();
  }

  @Test
  void aShortHandOverIsTimeWithoutALeaderThoughReadsWereAnswered() {
    Script handedOver = new Script().acquire(1, 0, 10, "l1", 1, 1000);
    writes(handedOver, 100, 1500);
    handedOver.get(2, 1600, 1610, 1);
    writes(handedOver, 1850, 3200);
    handedOver.renew(1, 3200, 3210, "l1", 1000, true);
    assertThat(new LeaseLifeCheck().check(handedOver.history()).findings()).isEmpty();
    Leaderless leaderless = Leaderless.of(handedOver.history());
    assertThat(leaderless.nanos(0, ms(3000))).isEqualTo(ms(1860 - 1410));
    assertThat(leaderless.nanos(ms(1500), ms(1600))).isEqualTo(ms(100));
    assertThat(leaderless.nanos(ms(100), ms(1400))).isZero();
    assertThat(leaderless.nanos(ms(1860), ms(3000))).isZero();
    assertThat(leaderless.nanos(ms(9000), ms(9500))).as("after all writes").isEqualTo(ms(500));
  }

  /** Acknowledged ones, a tenth of a second apart. */
  private static void writes(Script script, long from, long to) {
    for (long at = from; at < to; at += 100) {
      script.register(3, at, at + 10);
    }
  }

  private static long ms(long millis) {
    return millis * 1_000_000;
  }

  @Test
  void aRunInWhichLittleHappenedProvesNothing() {
    Script script = new Script();
    writes(script, 0, 10_000);
    for (int i = 0; i < 20; i++) {
      script.get(2, i, i + 1, 0);
    }
    script.fault(100, true, true).fault(200, false, true);
    assertThat(new EnoughCheck().check(script.history()).result()).isEqualTo(Result.UNDECIDED);
    script.fault(300, true, true);
    assertThat(new EnoughCheck().check(script.history()).isKept()).isTrue();
    Script onlyReads = new Script().fault(0, true, true).fault(1, true, true);
    writes(onlyReads, 0, 9_900);
    for (int i = 0; i < 20; i++) {
      onlyReads.get(2, i, i + 1, 0);
    }
    assertThat(new EnoughCheck().check(onlyReads.history()).findings())
        .singleElement()
        .asString()
        .contains("99 acknowledged writes");
  }

  @Test
  void aRenewalWithoutATimeMayHaveAnyThatTheLeaseEverHad() {
    Script renewed =
        new Script().acquire(1, 0, 10, "l1", 1, 1000).renew(1, 100, 110, "l1", 7000, true);
    renewed.renew(1, 200, 210, "l1", 0, true);
    writes(renewed, 300, 9400);
    Script inTime = renewed.renew(1, 7100, 7110, "l1", 0, true);
    assertThat(new LeaseLifeCheck().check(inTime.history()).findings()).isEmpty();
    Script early =
        new Script()
            .acquire(1, 0, 10, "l1", 1, 1000)
            .renew(1, 100, 110, "l1", 7000, true)
            .renew(1, 200, 210, "l1", 0, true)
            .renew(1, 1100, 1150, "l1", 0, false);
    assertThat(new LeaseLifeCheck().check(early.history()).findings()).hasSize(1);
  }

  @Test
  void aGapBetweenWritesCountsWhileAQuorumIsAlive() {
    Script script =
        new Script()
            .register(0, 0, 100)
            .register(0, 150, 200)
            .fault(300, true, false)
            .fault(5300, false, true)
            .register(0, 5000, 5800)
            .register(0, 5850, 5900);
    WriteGaps gaps = WriteGaps.of(script.history());
    assertThat(gaps.gaps().stream().map(gap -> gap.length().toMillis()))
        .containsExactly(100L, 100L, 100L, 100L, 500L);
    assertThat(gaps.percentile(50)).isEqualTo(Duration.ofMillis(100));
    assertThat(gaps.longest()).isEqualTo(Duration.ofMillis(500));
    assertThat(new WriteGapCheck(Duration.ofMillis(499)).check(script.history()).findings())
        .hasSize(1);
    assertThat(new WriteGapCheck(Duration.ofMillis(500)).check(script.history()).isKept()).isTrue();
  }

  @Test
  void writesThatNeverSucceedAgainAreAGap() {
    Script script = new Script().register(0, 0, 100).deleteOfUnknownOutcome(0, 200, 9000);
    assertThat(WriteGaps.of(script.history()).longest()).isEqualTo(Duration.ofMillis(8900));
  }

  @Test
  void callsOfUnknownOutcomeAreCountedAndUnexpectedCodesAreFound() {
    Script script = new Script().register(0, 0, 10).acquireOfUnknownOutcome(1, 20, 30);
    Verdict verdict = new OutcomesCheck().check(script.history());
    assertThat(verdict.isKept()).as("%s", verdict).isTrue();
    assertThat(verdict.figures())
        .containsEntry("of unknown outcome", "1")
        .containsEntry("codes of those", "{unavailable=1}")
        .containsEntry("ACQUIRE unknown", "1");
    script.call(1, 40, 50, Kind.GET, Script.ASSET, Input.NONE, Script.fail("internal"));
    assertThat(new OutcomesCheck().check(script.history()).findings()).hasSize(1);
  }

  private static Script session(
      Script script, long from, long to, Kind kind, long ttlMillis, Outcome outcome) {
    Input input = Input.NONE.withSession("s1").withTtlMillis(ttlMillis);
    return script.call(1, from, to, kind, List.of(), input, outcome, 0);
  }

  private static List<Finding> unexpected(Script script) {
    return new OutcomesCheck().check(script.history()).findings();
  }

  @Test
  void aSessionThatCannotHaveEndedIsKnown() {
    Outcome done = Script.ok(Value.DONE);
    Script script = session(new Script(), 0, 10, Kind.OPEN_SESSION, 6000, done);
    session(script, 4000, 4010, Kind.KEEP_SESSION, 0, done);
    session(script, 9000, 10_001, Kind.KEEP_SESSION, 0, Script.fail("not_found"));
    assertThat(unexpected(script)).as("its time may have passed").isEmpty();
    session(script, 9000, 9_999, Kind.KEEP_SESSION, 0, Script.fail("not_found"));
    assertThat(unexpected(script)).singleElement().asString().contains("cannot have ended");
    session(script, 8000, 20_000, Kind.CLOSE_SESSION, 0, Script.unknown());
    assertThat(unexpected(script)).as("it may have been closed").isEmpty();
  }

  @Test
  void aKeyedOpeningThatIsRepeatedKeepsNothing() {
    Outcome done = Script.ok(Value.DONE);
    Script script = session(new Script().key("k"), 0, 10, Kind.OPEN_SESSION, 6000, done);
    session(script.key("k"), 5000, 5010, Kind.OPEN_SESSION, 6000, done);
    session(script, 6500, 6600, Kind.KEEP_SESSION, 0, Script.fail("not_found"));
    assertThat(unexpected(script)).isEmpty();
  }

  private static Script registerRefused(Script script, long from, long to, String code) {
    return script.call(
        2, from, to, Kind.REGISTER, Script.ASSET, Input.NONE.withContent("c1"), Script.fail(code));
  }

  @Test
  void anIdIsTakenOnlyByOtherContent() {
    Script same = registerRefused(new Script().register(0, 0, 10), 20, 30, "already_exists");
    assertThat(unexpected(same)).singleElement().asString().contains("nothing explains");
    Script other = registerRefused(new Script().register(0, 0, 10, "c2"), 20, 30, "already_exists");
    assertThat(unexpected(other)).isEmpty();
  }

  @Test
  void anAssetIsBeingDeletedOnlyWhenSomebodyMayHaveDeletedIt() {
    Script nobody = registerRefused(new Script().register(0, 0, 10), 20, 30, "failed_precondition");
    assertThat(unexpected(nobody)).hasSize(1);
    Script later = registerRefused(new Script().register(0, 0, 10), 20, 30, "failed_precondition");
    assertThat(unexpected(later.delete(1, 31, 40))).hasSize(1);
    Script before = registerRefused(new Script().register(0, 0, 10), 20, 30, "failed_precondition");
    assertThat(unexpected(before.deleteOfUnknownOutcome(1, 15, 40))).isEmpty();
    Script sharing = registerRefused(new Script(), 20, 30, "failed_precondition");
    sharing.call(
        1,
        0,
        5,
        Kind.REGISTER,
        "b",
        Input.NONE.withContent("c1"),
        Script.ok(Value.of(Seen.available("b", 0, "c1"))));
    sharing.call(1, 10, 15, Kind.DELETE, "b", Input.NONE, Script.ok(Value.wasDeleted()));
    assertThat(unexpected(sharing)).isEmpty();
  }

  @Test
  void aCallIsRefusedOnlyWithCodesOfItsKind() {
    Script script = new Script();
    script.call(1, 0, 10, Kind.RELEASE, Script.ASSET, Input.NONE, Script.fail("not_found"));
    script.call(1, 0, 10, Kind.RENEW, Script.ASSET, Input.NONE, Script.fail("unavailable"));
    assertThat(unexpected(script)).isEmpty();
    script.call(1, 20, 30, Kind.RENEW, Script.ASSET, Input.NONE, Script.fail("not_found"));
    script.call(1, 40, 50, Kind.GET, Script.ASSET, Input.NONE, Script.fail("permission_denied"));
    script.call(
        1, 60, 70, Kind.ACQUIRE, Script.ASSET, Input.NONE, new Outcome.Unknown("data_loss", ""));
    assertThat(unexpected(script)).hasSize(3);
  }

  @Test
  void whatWasDoneIsNotRefusedWhenItIsAskedForAgain() {
    Script script = new Script().key("k");
    script.call(1, 0, 10, Kind.ACQUIRE, Script.ASSET, Input.NONE, granted("l1"));
    script
        .key("k")
        .call(1, 20, 30, Kind.ACQUIRE, Script.ASSET, Input.NONE, Script.fail("unavailable"));
    script
        .key("k")
        .call(1, 5, 30, Kind.ACQUIRE, Script.ASSET, Input.NONE, Script.fail("not_found"));
    assertThat(new KeyedRepliesCheck().check(script.history()).findings())
        .as("not possible now, and refused perhaps before it was done")
        .isEmpty();
    script
        .key("k")
        .call(1, 40, 50, Kind.ACQUIRE, Script.ASSET, Input.NONE, Script.fail("not_found"));
    assertThat(new KeyedRepliesCheck().check(script.history()).findings())
        .singleElement()
        .asString()
        .contains("key k was done and then refused");
  }

  @Test
  void whatWasSeenToBeDoneIsNotRefusedWhenItIsAskedForAgain() {
    Input content = Input.NONE.withContent("c1");
    Script script = new Script().key("k");
    script.call(1, 0, 10, Kind.REGISTER, Script.ASSET, content, Script.unknown());
    script.get(2, 20, 30, 0);
    script
        .key("k")
        .call(1, 40, 50, Kind.REGISTER, Script.ASSET, content, Script.fail("already_exists"));
    assertThat(new KeyedRepliesCheck().check(script.history()).findings()).hasSize(1);
    script.register(3, 5, 60);
    assertThat(new KeyedRepliesCheck().check(script.history()).findings())
        .as("somebody else may have made it")
        .isEmpty();
  }

  @Test
  void allChecksTogetherSayWhatEachSays() {
    Script right = new Script().register(0, 0, 10).acquire(1, 20, 30, "l1", 1).get(2, 40, 50, 1);
    assertThat(
            HistoryChecks.all(
                right.history(), Optional.of(assetWith("l1")), Duration.ofSeconds(1), Budget.USUAL))
        .hasSize(6)
        .allMatch(Verdict::isKept);
  }
}
