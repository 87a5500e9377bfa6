package dev.assetmanagerd.registry;

import static dev.assetmanagerd.registry.Commands.acquire;
import static dev.assetmanagerd.registry.Commands.asset;
import static dev.assetmanagerd.registry.Commands.mark;
import static dev.assetmanagerd.registry.Commands.register;
import static dev.assetmanagerd.registry.LeaseTestCommands.HOUR;
import static dev.assetmanagerd.registry.LeaseTestCommands.keyed;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.log.v1.Rejection.Rule;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that come again with the same key. */
class IdempotencyRulesTest {
  private TestRegistry registry;

  @BeforeEach
  void open(@TempDir Path directory) {
    registry = new TestRegistry(directory.resolve("live.db"));
    registry.one(register(asset("a").toBuilder().putLabels("z", "1").putLabels("k", "2").build()));
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void aRepetitionGetsTheFirstOutcomeAndChangesNothing() {
    Outcome first = registry.one(keyed("k", "same", acquire("a", "l1", 60)));
    registry.wall += 100;
    registry.one(acquire("a", "other", 0));
    String before = registry.hash();

    Outcome again = registry.one(keyed("k", "same", acquire("a", "l2", 60)));

    assertThat(again).isEqualTo(first.toBuilder().setReplayed(true).build());
    assertThat(registry.hash()).isEqualTo(before);
  }

  @Test
  void aRepetitionInTheSameEntryIsOneToo() {
    var outcomes =
        registry.apply(
            keyed("k", "same", acquire("a", "l1", 60)), keyed("k", "same", acquire("a", "l2", 60)));

    assertThat(outcomes.get(1).getReplayed()).isTrue();
    assertThat(registry.asset("a").getReferenceCount()).isEqualTo(1);
  }

  @Test
  void anotherRequestWithTheSameKeyIsRejected() {
    registry.one(keyed("k", "one", acquire("a", "l1", 60)));
    String before = registry.hash();

    Rejection rejection = registry.rejection(keyed("k", "other", mark("a")));

    assertThat(rejection.getRule()).isEqualTo(Rule.RULE_KEY_REUSED);
    assertThat(rejection.getField()).isEqualTo("idempotency.key");
    assertThat(registry.hash()).isEqualTo(before);
  }

  @Test
  void whatWasRejectedMayBeTriedAgainWithTheSameKey() {
    Command acquire = keyed("k", "same", acquire("b", "l", 0));
    assertThat(registry.rejection(acquire).getRule()).isEqualTo(Rule.RULE_ASSET_NOT_FOUND);
    registry.one(register("b"));

    Outcome granted = registry.one(acquire);

    assertThat(granted.hasLeaseGranted()).isTrue();
    assertThat(granted.getReplayed()).isFalse();
  }

  @Test
  void aKeyIsRememberedForAnHourOfClusterTime() {
    registry.one(keyed("k", "same", acquire("a", "l1", 0)));
    registry.wall += 1_000_000;
    registry.advanceClock(HOUR - 1);
    assertThat(registry.one(keyed("k", "same", acquire("a", "l2", 0))).getReplayed()).isTrue();

    registry.advanceClock(1);

    Outcome anew = registry.one(keyed("k", "another", acquire("a", "l3", 0)));
    assertThat(anew.getReplayed()).isFalse();
    assertThat(anew.getLeaseGranted().getLeaseId()).isEqualTo("l3");
    assertThat(registry.asset("a").getReferenceCount()).isEqualTo(2);
  }

  @Test
  void aKeyThatIsUsedAnewIsRememberedAnew() {
    registry.one(keyed("k", "one", acquire("a", "l1", 0)));
    registry.advanceClock(HOUR);
    registry.one(keyed("k", "two", acquire("a", "l2", 0)));
    registry.advanceClock(HOUR - 1);

    assertThat(registry.one(keyed("k", "two", acquire("a", "l3", 0))).getReplayed()).isTrue();
  }

  @Test
  void oldRepliesAreForgottenFewAtATimeThoughNoneIsAnsweredAnyMore() {
    Command[] many = new Command[300];
    for (int i = 0; i < many.length; i++) {
      many[i] = keyed("k" + i, "p", acquire("a", "l" + i, 0));
    }
    registry.apply(many);
    registry.advanceClock(HOUR);
    assertThat(replies()).isEqualTo(300 - 256);
    assertThat(registry.one(keyed("k299", "p", mark("b"))).getReplayed()).isFalse();
    registry.advanceClock(1);
    assertThat(replies()).isEqualTo(1);
  }

  private long replies() {
    try (Sql sql = Connections.reader(registry.file)) {
      return sql.integer("SELECT count(*) FROM replies");
    }
  }

  @Test
  void aKeyWithoutTextOrFingerprintIsRejected() {
    Command.Builder command = keyed("k", "p", acquire("a", "l", 0)).toBuilder();
    command.getIdempotencyBuilder().setKey("");
    assertThat(registry.rejection(command.build()).getField()).isEqualTo("idempotency.key");
    command.getIdempotencyBuilder().setKey("k").setFingerprint(ByteString.copyFromUtf8("short"));
    assertThat(registry.rejection(command.build()).getField()).isEqualTo("idempotency.fingerprint");
    assertThat(registry.asset("a").getReferenceCount()).isZero();
  }

  @Test
  void aRepetitionInALaterTermStillGetsTheFirstOutcome() {
    Command fenced = keyed("k", "p", acquire("a", "l", 0)).toBuilder().setOnlyInTerm(1).build();
    registry.one(fenced);
    var later = Commands.entry(registry.wall, 0, List.of(fenced)).toBuilder().setTerm(2).build();

    assertThat(registry.apply(later).get(0).getReplayed()).isTrue();
  }
}
