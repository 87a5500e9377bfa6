package dev.assetmanagerd.clustertests.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.chaos.check.Verdict.Result;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Histories of which a person can tell at sight whether they are right. */
final class AssetHistoriesTest {
  private static Script registered() {
    return new Script().register(0, 0, 10);
  }

  private static void assertRejected(Script script) {
    assertThat(script.linearizable().result())
        .as("verdict: %s", script.linearizable())
        .isEqualTo(Result.BROKEN);
  }

  private static void assertAccepted(Script script) {
    assertThat(script.linearizable().result())
        .as("verdict: %s", script.linearizable())
        .isEqualTo(Result.KEPT);
  }

  @Test
  void aStaleReadAfterAnAcknowledgedWriteIsRejected() {
    assertRejected(registered().acquire(1, 20, 30, "l1", 1).get(2, 40, 50, 0));
    assertAccepted(registered().acquire(1, 20, 30, "l1", 1).get(2, 40, 50, 1));
  }

  @Test
  void aReadThatOverlapsAWriteMaySeeItOrNot() {
    assertAccepted(registered().acquire(1, 20, 60, "l1", 1).get(2, 40, 50, 0));
    assertAccepted(registered().acquire(1, 20, 60, "l1", 1).get(2, 40, 50, 1));
  }

  @Test
  void aReadThatGoesBackInTimeAcrossProcessesIsRejected() {
    assertRejected(registered().acquire(1, 20, 90, "l1", 1).get(2, 30, 40, 1).get(3, 50, 60, 0));
    assertAccepted(registered().acquire(1, 20, 90, "l1", 1).get(2, 30, 40, 0).get(3, 50, 60, 1));
  }

  @Test
  void anAssetThatWasRegisteredAndIsNotFoundIsRejected() {
    assertRejected(registered().missing(1, 20, 30));
    assertAccepted(new Script().register(0, 0, 25).missing(1, 20, 30));
  }

  @Test
  void anAssetThatNobodyRegisteredIsNotThere() {
    assertRejected(new Script().get(1, 0, 10, 0));
    assertAccepted(new Script().missing(1, 0, 10));
  }

  @Test
  void aLostLeaseIsRejected() {
    assertRejected(
        registered()
            .acquire(1, 20, 30, "l1", 1)
            .release(1, 40, 50, "l1", Script.fail("not_found")));
    assertRejected(registered().acquire(1, 20, 30, "l1", 1).acquire(2, 40, 50, "l2", 1));
  }

  @Test
  void aLeaseOnADeletedAssetIsRejected() {
    assertRejected(registered().delete(1, 20, 30).acquire(2, 40, 50, "l1", 1));
    assertAccepted(registered().delete(1, 20, 30).register(1, 32, 38).acquire(2, 40, 50, "l1", 1));
  }

  @Test
  void aDeletionThatIsAcknowledgedWhileALeaseLivesIsRejected() {
    assertRejected(registered().acquire(1, 20, 30, "l1", 1).delete(2, 40, 50));
    assertAccepted(registered().acquire(1, 20, 30, "l1", 1).deleteByForce(2, 40, 50));
    assertAccepted(
        registered()
            .acquire(1, 20, 30, "l1", 1)
            .deleteRefused(2, 40, 50, 1)
            .release(1, 60, 70, "l1")
            .delete(2, 80, 90)
            .missing(2, 100, 110));
  }

  @Test
  void aDeletionThatIsRefusedWithoutALeaseIsRejected() {
    assertRejected(registered().deleteRefused(1, 20, 30, 1));
    assertRejected(registered().acquire(1, 20, 30, "l1", 1).deleteRefused(2, 40, 50, 2));
  }

  @Test
  void aDeletedAssetStaysAwayUntilItIsRegisteredAnew() {
    assertRejected(registered().delete(1, 20, 30).get(2, 40, 50, 0));
    assertAccepted(
        registered().delete(1, 20, 30).register(2, 40, 50, "c2").get(2, 60, 70, 0, "c2"));
    assertRejected(
        registered().delete(1, 20, 30).register(2, 40, 50, "c2").get(2, 60, 70, 0, "c1"));
  }

  @Test
  void anAssetThatIsDeletedMayBeDeletedAgainUntilItIsQuiteGone() {
    Script twice = registered().delete(1, 20, 30).delete(2, 40, 50);
    assertAccepted(twice);
    twice.call(1, 60, 70, Kind.DELETE, Script.ASSET, Input.NONE, Script.fail("not_found"));
    assertAccepted(twice);
    assertRejected(twice.delete(2, 80, 90));
  }

  @Test
  void theEffectOfACallOfUnknownOutcomeMayBeSeenOrNotButNotBoth() {
    Script acquire = registered().acquireOfUnknownOutcome(1, 20, 30);
    assertAccepted(acquire);
    assertAccepted(acquire.get(2, 40, 50, 0)); // not yet
    assertAccepted(acquire.get(2, 60, 70, 1)); // now
    assertRejected(acquire.get(2, 80, 90, 0)); // and not any more
  }

  @Test
  void aCallOfUnknownOutcomeHasOneEffectAtMost() {
    assertRejected(registered().acquireOfUnknownOutcome(1, 20, 30).get(2, 40, 50, 2));
    assertAccepted(
        registered()
            .acquireOfUnknownOutcome(1, 20, 30)
            .acquireOfUnknownOutcome(3, 20, 30)
            .get(2, 40, 50, 2));
  }

  @Test
  void aCallOfUnknownOutcomeHasNoEffectBeforeItWasMade() {
    assertRejected(registered().get(2, 20, 30, 1).acquireOfUnknownOutcome(1, 40, 50));
  }

  @Test
  void aDeletionOfUnknownOutcomeMayHaveBeenOne() {
    assertAccepted(registered().deleteOfUnknownOutcome(1, 20, 30).missing(2, 40, 50));
    assertAccepted(registered().deleteOfUnknownOutcome(1, 20, 30).get(2, 40, 50, 0));
    assertAccepted(
        registered().deleteOfUnknownOutcome(1, 20, 30).get(2, 40, 50, 0).missing(2, 60, 70));
    assertRejected(
        registered().deleteOfUnknownOutcome(1, 20, 30).missing(2, 40, 50).get(2, 60, 70, 0));
  }

  @Test
  void aReleaseOfUnknownOutcomeMayHaveBeenOneAndCanBeRepeated() {
    Script lost =
        registered().acquire(1, 20, 30, "l1", 1).release(1, 40, 50, "l1", Script.unknown());
    assertAccepted(lost.get(2, 60, 70, 0));
    assertAccepted(lost.release(1, 80, 90, "l1").get(2, 100, 110, 0));
    assertRejected(lost.release(1, 120, 130, "l1", Script.fail("not_found")));
  }

  @Test
  void aRefusedCallHasNoEffect() {
    Script refused =
        registered()
            .call(1, 20, 30, Kind.ACQUIRE, Script.ASSET, Input.NONE, Script.fail("unavailable"));
    assertAccepted(refused.get(2, 40, 50, 0));
    assertRejected(refused.get(2, 60, 70, 1));
  }

  @Test
  void twoEffectsOfOneKeyAreRejected() {
    Value answer = Value.granted(Seen.available(Script.ASSET, 1, ""), "l1");
    Script repeated =
        registered()
            .key("k")
            .call(1, 20, 30, Kind.ACQUIRE, Script.ASSET, Input.NONE, Script.unknown())
            .key("k")
            .call(1, 40, 50, Kind.ACQUIRE, Script.ASSET, Input.NONE, Script.ok(answer))
            .key("k")
            .call(3, 60, 70, Kind.ACQUIRE, Script.ASSET, Input.NONE, Script.ok(answer));
    assertAccepted(repeated.get(2, 80, 90, 1));
    assertRejected(repeated.get(2, 100, 110, 2));
  }

  @Test
  void withoutAKeyEachAttemptMayTakeEffect() {
    Value answer = Value.granted(Seen.available(Script.ASSET, 2, ""), "l1");
    Script twice =
        registered()
            .call(1, 20, 30, Kind.ACQUIRE, List.of(Script.ASSET), Input.NONE, Script.ok(answer), 1);
    assertAccepted(twice.get(2, 40, 50, 2));
    assertRejected(twice.get(2, 60, 70, 3));
  }

  @Test
  void aLeaseWithATimeMayEndByItselfAfterThatOnly() {
    assertRejected(registered().acquire(1, 20, 30, "l1", 1, 1000).get(2, 900, 1000, 0));
    assertAccepted(registered().acquire(1, 20, 30, "l1", 1, 1000).get(2, 1010, 1030, 0));
    assertAccepted(registered().acquire(1, 20, 30, "l1", 1, 1000).get(2, 3000, 3010, 1));
    assertRejected(
        registered().acquire(1, 20, 30, "l1", 1, 1000).get(2, 1100, 1110, 0).get(2, 1200, 1210, 1));
  }

  @Test
  void aRenewalMakesALeaseLiveLonger() {
    Script renewed =
        registered().acquire(1, 20, 30, "l1", 1, 1000).renew(1, 800, 810, "l1", 1000, true);
    assertAccepted(renewed);
    assertRejected(
        registered()
            .acquire(1, 20, 30, "l1", 1, 1000)
            .renew(1, 800, 810, "l1", 1000, true)
            .get(2, 1700, 1750, 0));
    assertAccepted(renewed.get(2, 1750, 1850, 0));
    assertRejected(renewed.renew(1, 1900, 1910, "l1", 1000, true));
  }

  @Test
  void aLeaseWhoseTimeHasPassedCannotBeRenewedThoughItIsCountedYet() {
    Script passed =
        registered().acquire(1, 20, 30, "l1", 1, 1000).renew(1, 1100, 1110, "l1", 0, false);
    assertAccepted(passed.get(2, 1200, 1210, 1).get(2, 2000, 2010, 0));
    assertRejected(
        registered().acquire(1, 20, 30, "l1", 1, 1000).renew(1, 900, 910, "l1", 0, false));
  }

  @Test
  void aLeaseWhoseTimeHasPassedDoesNotStandAgainstDeleting() {
    assertAccepted(registered().acquire(1, 20, 30, "l1", 1, 1000).delete(2, 1100, 1110));
    assertRejected(registered().acquire(1, 20, 30, "l1", 1, 1000).delete(2, 900, 1000));
  }

  @Test
  void leasesOfASessionLiveUntilItIsClosedOrSilentForItsTime() {
    assertRejected(withSession().get(2, 2000, 2010, 0));
    assertAccepted(withSession().get(2, 3600, 3610, 0));
    Script closed =
        withSession()
            .call(
                1,
                700,
                710,
                Kind.CLOSE_SESSION,
                List.of(),
                Input.NONE.withSession("s"),
                Script.ok(Value.DONE),
                0);
    assertAccepted(closed.get(2, 720, 730, 0));
    assertAccepted(closed.release(1, 740, 750, "l1"));
    assertRejected(closed.get(2, 760, 770, 1));
  }

  private static Script withSession() {
    Input session = Input.NONE.withSession("s");
    Value answer = Value.granted(Seen.available(Script.ASSET, 1, ""), "l1");
    return registered()
        .call(
            1,
            15,
            20,
            Kind.OPEN_SESSION,
            List.of(),
            session.withTtlMillis(3000),
            Script.ok(Value.DONE),
            0)
        .call(1, 20, 30, Kind.ACQUIRE, Script.ASSET, session, Script.ok(answer))
        .call(1, 500, 510, Kind.KEEP_SESSION, List.of(), session, Script.ok(Value.DONE), 0);
  }

  @Test
  void aPreparationHoldsLeasesForAWhile() {
    Script prepare =
        registered()
            .call(1, 20, 60, Kind.PREPARE, Script.ASSET, Input.NONE, Script.ok(Value.DONE))
            .get(2, 30, 40, 1)
            .get(2, 50, 55, 0);
    assertAccepted(prepare);
    assertRejected(prepare.get(2, 70, 80, 1));
    assertRejected(
        registered()
            .delete(1, 12, 15)
            .call(1, 20, 60, Kind.PREPARE, Script.ASSET, Input.NONE, Script.ok(Value.DONE)));
  }

  @Test
  void aListShowsWhatIsThereAndACompleteOneWhatIsNot() {
    List<String> both = List.of("a", "b");
    Value onlyA = Value.listed(List.of(Seen.available("a", 0, "")), true);
    assertAccepted(registered().call(1, 20, 30, Kind.LIST, both, Input.NONE, Script.ok(onlyA), 0));
    Value nothing = Value.listed(List.of(), true);
    assertRejected(
        registered().call(1, 20, 30, Kind.LIST, both, Input.NONE, Script.ok(nothing), 0));
    Value page = Value.listed(List.of(), false);
    assertAccepted(registered().call(1, 20, 30, Kind.LIST, both, Input.NONE, Script.ok(page), 0));
  }

  @Test
  void aReadThatNeedNotBeLinearizableIsNotJudged() {
    assertAccepted(
        registered()
            .call(
                1,
                20,
                30,
                Kind.GET,
                Script.ASSET,
                Input.NONE.notLinearizable(),
                Script.fail("not_found")));
  }

  @Test
  void severalLeasesOfOneCallAreJudgedEachOnItsAsset() {
    Value both =
        Value.granted(
            List.of(Seen.available("a", 1, ""), Seen.available("b", 1, "")),
            Map.of("a", "la", "b", "lb"));
    assertRejected(
        registered()
            .call(1, 20, 30, Kind.ACQUIRE, List.of("a", "b"), Input.NONE, Script.ok(both), 0));
  }

  @Test
  void aFindingSaysHowFarItWentAndWhatCannotBeNext() {
    Verdict verdict = registered().acquire(1, 20, 30, "l1", 1).get(2, 40, 50, 0).linearizable();
    assertThat(verdict.findings()).hasSize(1);
    assertThat(verdict.findings().get(0).calls()).containsExactly(3L);
    assertThat(verdict.findings().get(0).what())
        .contains("2 of 3 operations can be put in order")
        .contains("then the asset is available with 1 references (l1), and next would be")
        .contains("present with any content, 0 references  <- #3 process 2 GET a");
  }

  @Test
  void aSearchThatIsNotAllowedToEndIsUndecided() {
    Script hard = registered();
    for (int i = 1; i <= 40; i++) {
      hard.call(
          i, 20, 30, Kind.ACQUIRE, Script.ASSET, Input.NONE.withTtlMillis(i), Script.unknown());
    }
    hard.get(50, 2000, 2010, 41);
    Verdict verdict =
        new LinearizabilityCheck(new Budget(Duration.ofMillis(100), 1 << 20), 1)
            .check(hard.history());
    assertThat(verdict.result()).isEqualTo(Result.UNDECIDED);
    assertThat(verdict.findings().get(0).what()).contains("no answer with");
  }
}
