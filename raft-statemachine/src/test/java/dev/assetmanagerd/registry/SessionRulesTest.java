package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.expire;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.register;
import static dev.assetmanagerd.registry.Commands.release;
import static dev.assetmanagerd.registry.LeaseTestCommands.acquireAll;
import static dev.assetmanagerd.registry.LeaseTestCommands.acquireIn;
import static dev.assetmanagerd.registry.LeaseTestCommands.attach;
import static dev.assetmanagerd.registry.LeaseTestCommands.closeSession;
import static dev.assetmanagerd.registry.LeaseTestCommands.keepSession;
import static dev.assetmanagerd.registry.LeaseTestCommands.leasesOn;
import static dev.assetmanagerd.registry.LeaseTestCommands.openSession;
import static dev.assetmanagerd.registry.LeaseTestCommands.renew;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.lease.v1.Lease;
import dev.assetmanagerd.lease.v1.Session;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.LeasesAttached;
import dev.assetmanagerd.log.v1.LeasesExpired;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sessions of hosts, and the leases that live with them. */
class SessionRulesTest {
  private static final long TTL = 30_000;
  private static final long GRACE = 60_000;

  private TestRegistry registry;

  @BeforeEach
  void open(@TempDir Path directory) {
    registry = new TestRegistry(directory.resolve("live.db"));
    registry.apply(register("a"), register("b"));
    registry.one(openSession("s", "host-1", TTL, GRACE));
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private Optional<Session> session(String id) {
    return registry.database.read(view -> view.session(id));
  }

  private List<Asset> collectable() {
    return registry.database.read(view -> view.collectable(TestRegistry.START + 1, null, 9));
  }

  private Lease lease(String id) {
    return registry
        .database
        .read(view -> view.lease(id))
        .orElseThrow(() -> new AssertionError("no lease " + id));
  }

  @Test
  void anOpenedSessionLivesForItsTimeAndGrace() {
    Session expected =
        Session.newBuilder()
            .setId("s")
            .setHost("host-1")
            .setOpenedAt(TestRegistry.START)
            .setTtlMillis(TTL)
            .setGraceMillis(GRACE)
            .setExpiresInMillis(TTL + GRACE)
            .build();
    assertThat(session("s")).contains(expected);
    assertThat(registry.database.read(RegistryView::hasDeadlines)).isTrue();

    registry.advanceClock(TTL + GRACE - 1);
    assertThat(session("s")).isPresent();
    assertThat(registry.database.read(RegistryView::expiryDue)).isFalse();
    registry.advanceClock(1);
    assertThat(session("s")).isEmpty();
    assertThat(registry.database.read(RegistryView::expiryDue)).isTrue();
  }

  @Test
  void keepingASessionKeepsAllOfItsLeases() {
    registry.apply(acquireIn("s", "a", "l1"), acquireAll(leasesOn("a", "b").setSessionId("s")));
    registry.advanceClock(TTL + GRACE - 1);

    Session kept = registry.one(keepSession("s")).getSessionKept().getSession();

    assertThat(kept.getExpiresInMillis()).isEqualTo(TTL + GRACE);
    assertThat(kept.getLeaseCount()).isEqualTo(3);
    registry.advanceClock(TTL + GRACE - 1);
    registry.one(expire(10));
    assertThat(registry.asset("a").getReferenceCount()).isEqualTo(2);
    assertThat(lease("l1").getExpiresInMillis()).isEqualTo(1);
    assertThat(lease("l1").getTtlSeconds()).isZero();
  }

  @Test
  void atTheVeryMillisecondOfItsEndASessionCannotBeKeptAnyMore() {
    registry.one(acquireIn("s", "a", "l"));
    registry.advanceClock(TTL + GRACE);

    for (Command late : List.of(keepSession("s"), acquireIn("s", "a", "l2"), attach("s", "l"))) {
      assertThat(registry.rejection(late).getRule()).isEqualTo(Rule.RULE_SESSION_NOT_FOUND);
    }
    assertThat(registry.database.read(RegistryView::expiredLeases)).isEqualTo(1);
  }

  @Test
  void theLeasesOfASilentHostEndTogether() {
    registry.apply(acquireIn("s", "a", "l1"), acquireIn("s", "b", "l2"), acquire("a", "own", 0));
    registry.advanceClock(TTL + GRACE);

    assertThat(registry.one(expire(1)).getLeasesExpired())
        .isEqualTo(LeasesExpired.newBuilder().setCount(2).build());
    assertThat(registry.asset("a").getReferenceCount()).isEqualTo(1);
    assertThat(registry.asset("b").getReferenceCount()).isZero();
    assertThat(registry.database.read(RegistryView::hasDeadlines)).isFalse();
    assertThat(registry.rejection(release("l1")).getRule()).isEqualTo(Rule.RULE_LEASE_NOT_FOUND);
  }

  @Test
  void leasesAndSessionsEndInTheOrderOfTheirTimes() {
    registry.apply(acquireIn("s", "a", "l1"), acquire("a", "early", 89), acquire("a", "same", 90));
    registry.one(openSession("t", "host-2", TTL, GRACE));
    registry.advanceClock(TTL + GRACE);

    assertThat(registry.one(expire(1)).getLeasesExpired().getMore()).isTrue();
    assertThat(registry.one(release("same")).hasLeaseReleased()).isTrue();
    assertThat(registry.rejection(release("early")).getRule()).isEqualTo(Rule.RULE_LEASE_NOT_FOUND);
    assertThat(registry.one(expire(1)).getLeasesExpired())
        .as("the session, whose id comes first, with its lease")
        .isEqualTo(LeasesExpired.newBuilder().setCount(1).setMore(true).build());
    assertThat(registry.one(expire(1)).getLeasesExpired())
        .as("the session without leases")
        .isEqualTo(LeasesExpired.getDefaultInstance());
    assertThat(registry.database.read(RegistryView::expiryDue)).isFalse();
  }

  @Test
  void anExpiredSessionDoesNotHoldAnAssetThoughNobodyHasEndedIt() {
    registry.one(acquireIn("s", "a", "l"));
    assertThat(collectable()).hasSize(1);
    registry.advanceClock(TTL + GRACE);

    assertThat(collectable()).hasSize(2);
    assertThat(registry.one(mark("a")).getDeletionMarked().getMarkedCount()).isEqualTo(1);
    assertThat(registry.one(expire(9)).getLeasesExpired().getCount()).isZero();
  }

  @Test
  void openingAgainKeepsTheSessionWithTheNewTimes() {
    registry.one(acquireIn("s", "a", "l"));
    registry.advanceClock(10);
    registry.wall += 7;

    Session again =
        registry.one(openSession("s", "host-1", 1_000, 0)).getSessionKept().getSession();

    assertThat(again.getExpiresInMillis()).isEqualTo(1_000);
    assertThat(again.getOpenedAt()).isEqualTo(TestRegistry.START);
    assertThat(again.getLeaseCount()).isEqualTo(1);
    assertThat(session("s")).contains(again);
  }

  @Test
  void theIdOfALiveSessionIsNotGivenToAnotherHost() {
    Rejection rejection = registry.rejection(openSession("s", "host-2", TTL, GRACE));
    assertThat(rejection.getRule()).isEqualTo(Rule.RULE_SESSION_EXISTS);
    assertThat(rejection.getField()).isEqualTo("session_id");
  }

  @Test
  void openingAnExpiredSessionAgainBringsNoneOfItsLeasesBack() {
    registry.one(acquireIn("s", "a", "l"));
    registry.advanceClock(TTL + GRACE);

    Session again =
        registry.one(openSession("s", "host-2", TTL, GRACE)).getSessionKept().getSession();

    assertThat(again.getHost()).isEqualTo("host-2");
    assertThat(again.getLeaseCount()).isZero();
    assertThat(registry.asset("a").getReferenceCount()).isZero();
  }

  @Test
  void aMalformedSessionIsRejectedByTheNameOfTheField() {
    rejected("session_id", openSession("", "host-1", TTL, GRACE));
    rejected("host", openSession("t", "", TTL, GRACE));
    rejected("ttl_millis", openSession("t", "host-1", 0, GRACE));
    rejected("grace_millis", openSession("t", "host-1", TTL, -1));
    rejected("ttl_millis", openSession("t", "host-1", Long.MAX_VALUE - 1, 2));
  }

  private void rejected(String field, Command command) {
    Rejection rejection = registry.rejection(command);
    assertThat(rejection.getRule()).isEqualTo(Rule.RULE_INVALID);
    assertThat(rejection.getField()).isEqualTo(field);
  }

  @Test
  void anAttachedLeaseLivesWithTheSessionInsteadOfItsOwnTime() {
    registry.apply(acquire("a", "short", 10), acquire("a", "endless", 0));

    LeasesAttached attached =
        registry.one(attach("s", "short", "endless", "never")).getLeasesAttached();

    assertThat(attached.getAttachedList()).containsExactly(lease("short"), lease("endless"));
    assertThat(attached.getNotFoundIdsList()).containsExactly("never");
    registry.advanceClock(TTL + GRACE - 1);
    assertThat(registry.one(expire(9)).getLeasesExpired().getCount()).isZero();
    registry.advanceClock(1);
    assertThat(registry.one(expire(9)).getLeasesExpired().getCount()).isEqualTo(2);
  }

  @Test
  void anExpiredLeaseCannotBeAttached() {
    registry.one(acquire("a", "l", 10));
    registry.advanceClock(10_000);

    assertThat(registry.one(attach("s", "l")).getLeasesAttached().getNotFoundIdsList())
        .containsExactly("l");
  }

  @Test
  void aLeaseMovesFromOneSessionToAnother() {
    registry.apply(openSession("t", "host-2", TTL, GRACE), acquireIn("s", "a", "l"));

    registry.one(attach("t", "l"));

    assertThat(session("s").orElseThrow().getLeaseCount()).isZero();
    assertThat(session("t").orElseThrow().getLeaseCount()).isEqualTo(1);
    registry.one(closeSession("s"));
    assertThat(lease("l").getSessionId()).isEqualTo("t");
  }

  @Test
  void renewingALeaseOfASessionLeavesItAsItIs() {
    registry.one(acquireIn("s", "a", "l"));
    registry.advanceClock(TTL);

    assertThat(registry.one(renew(900, "l")).getLeasesRenewed().getRenewedList())
        .containsExactly(lease("l"));
    assertThat(lease("l").getExpiresInMillis()).isEqualTo(GRACE);
  }

  @Test
  void closingASessionEndsItsLeasesWhichMayBeReleasedOnceMore() {
    registry.apply(acquireIn("s", "a", "l1"), acquireIn("s", "a", "l2"), acquire("a", "own", 0));

    assertThat(registry.one(closeSession("s")).getSessionClosed().getLeasesEnded()).isEqualTo(2);
    assertThat(registry.asset("a").getReferenceCount()).isEqualTo(1);
    assertThat(session("s")).isEmpty();
    assertThat(registry.one(release("l1")).hasLeaseReleased()).isTrue();
    assertThat(registry.rejection(closeSession("s")).getRule())
        .isEqualTo(Rule.RULE_SESSION_NOT_FOUND);
  }

  @Test
  void aSessionHasAsManyLeasesAsItMayHaveAndAllEndInOneCommand() {
    for (int from = 0; from < SessionCommands.LEASES_MAX; from += 1024) {
      fill(from);
    }
    registry.one(acquire("a", "one-more", 0));
    for (Command tooMuch : List.of(acquireIn("s", "a", "x"), attach("s", "one-more"))) {
      Rejection rejection = registry.rejection(tooMuch);
      assertThat(rejection.getRule()).isEqualTo(Rule.RULE_SESSION_FULL);
      assertThat(rejection.getField()).isEqualTo("session_id");
    }
    registry.one(release("one-more"));
    assertThat(registry.one(attach("s", "l1", "l2")).getLeasesAttached().getAttachedCount())
        .as("those that live with it already take no place")
        .isEqualTo(2);

    registry.advanceClock(TTL + GRACE);
    long start = System.nanoTime();
    Outcome expired = registry.one(expire(1));
    System.out.printf(
        "a session of %d leases ended in %d ms%n",
        SessionCommands.LEASES_MAX, (System.nanoTime() - start) / 1_000_000);

    assertThat(expired.getLeasesExpired())
        .isEqualTo(LeasesExpired.newBuilder().setCount(SessionCommands.LEASES_MAX).build());
    assertThat(registry.asset("a").getReferenceCount()).isZero();
    RegistryDatabase.verify(registry.file);
  }

  private void fill(int from) {
    Command[] acquires =
        IntStream.range(from, from + 1024)
            .mapToObj(i -> acquireIn("s", "a", "l" + i))
            .toArray(Command[]::new);
    assertThat(registry.apply(acquires)).noneMatch(Outcome::hasRejection);
  }

  @Test
  void leasesTakenTogetherFitIntoTheSessionOrNoneIsTaken() {
    for (int from = 0; from < SessionCommands.LEASES_MAX - 1024; from += 1024) {
      fill(from);
    }
    for (int i = 0; i < 1023; i++) {
      registry.one(acquireIn("s", "a", "m" + i));
    }
    AcquireLeases.Builder two = leasesOn("a", "b").setSessionId("s");
    assertThat(registry.rejection(acquireAll(two)).getRule()).isEqualTo(Rule.RULE_SESSION_FULL);
    assertThat(registry.one(acquireIn("s", "b", "last")).hasLeaseGranted()).isTrue();
  }
}
