package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.assetmanagerd.log.v1.AcquireLeases;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.OpenSession;
import dev.assetmanagerd.log.v1.OpenUpload;
import dev.assetmanagerd.log.v1.RequestBuild;
import dev.assetmanagerd.log.v1.ReserveBlob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StamperTest {
  private long wallMillis = 1_700_000_000_123L;
  private long monotonicNanos = -5_000_000_000L; // nanoTime may be negative
  private final Stamper stamper =
      new Stamper(() -> wallMillis, () -> monotonicNanos, new Ulids(new Random(1)));

  @CanIgnoreReturnValue
  private long reading(long term) {
    return stamper.stamp(List.of(), term).getClockReadingMillis();
  }

  private void pass(Duration time) {
    monotonicNanos += time.toNanos();
  }

  @Test
  void everyTermIsCountedFromItsFirstStamp() {
    assertThat(reading(1)).isZero();
    pass(Duration.ofMillis(700));
    assertThat(reading(1)).isEqualTo(700);
    pass(Duration.ofMillis(700));
    assertThat(reading(2)).isZero();
    pass(Duration.ofMillis(1));
    assertThat(reading(2)).isEqualTo(1);
  }

  @Test
  void aLateStampOfAnOlderTermDisturbsNothing() {
    reading(2);
    pass(Duration.ofMillis(40));
    assertThat(reading(1)).isZero();
    pass(Duration.ofMillis(2));
    assertThat(reading(2)).isEqualTo(42);
  }

  @Test
  void aLongPauseCountsAsTheCapAndIsNotMadeUpForLater() {
    reading(1);
    pass(Duration.ofHours(1));
    assertThat(reading(1)).isEqualTo(Stamper.ADVANCE_MILLIS_MAX);
    pass(Duration.ofMillis(3));
    assertThat(reading(1)).isEqualTo(Stamper.ADVANCE_MILLIS_MAX + 3);
  }

  @Test
  void fractionsOfAMillisecondAddUp() {
    reading(1);
    for (int i = 0; i < 1_000; i++) {
      pass(Duration.ofNanos(300_000));
      reading(1);
    }
    assertThat(reading(1)).isEqualTo(300);
  }

  @Test
  void theWallClockDoesNotMoveTheReading() {
    reading(1);
    wallMillis += 86_400_000;
    assertThat(reading(1)).isZero();
    wallMillis -= 2 * 86_400_000;
    pass(Duration.ofMillis(5));
    assertThat(reading(1)).isEqualTo(5);
  }

  @Test
  void whatTheCallerSetIsKept() {
    var command =
        stamper
            .stamp(
                List.of(
                    TestCommands.register("mine"),
                    TestCommands.acquire("mine", 5).toBuilder().build()),
                1)
            .getCommandsList();
    assertThat(command.get(0).getRegisterAsset().getAsset().getId()).isEqualTo("mine");
    assertThat(command.get(0).getRegisterAsset().getAsset().getCreatedAt())
        .isEqualTo(1_700_000_000L);
    assertThat(command.get(1).getAcquireAsset().getLeaseId()).hasSize(26);
  }

  @Test
  void reservationsAndResultsOfBuildsGetIdsWhereTheyHaveNone() {
    var none = ReserveBlob.getDefaultInstance();
    var mine = ReserveBlob.newBuilder().setReservationId("mine").build();
    var build = RequestBuild.getDefaultInstance();
    var named = RequestBuild.newBuilder().setSuggestedAssetId("named").build();

    var commands =
        stamper
            .stamp(
                List.of(
                    Command.newBuilder().setReserveBlob(none).build(),
                    Command.newBuilder().setReserveBlob(mine).build(),
                    Command.newBuilder().setRequestBuild(build).build(),
                    Command.newBuilder().setRequestBuild(named).build()),
                1)
            .getCommandsList();

    assertThat(commands.get(0).getReserveBlob().getReservationId()).hasSize(26);
    assertThat(commands.get(1).getReserveBlob()).isEqualTo(mine);
    assertThat(commands.get(2).getRequestBuild().getSuggestedAssetId()).hasSize(26);
    assertThat(commands.get(3).getRequestBuild()).isEqualTo(named);
  }

  @Test
  void everyIdThatIsMissingInAnEntryIsFilledInAndAllDiffer() {
    Command leases =
        Command.newBuilder()
            .setAcquireLeases(AcquireLeases.newBuilder().addAssetIds("a").addAssetIds("b"))
            .build();
    Command session =
        Command.newBuilder().setOpenSession(OpenSession.newBuilder().setHost("h")).build();
    List<Command> stamped =
        stamper
            .stamp(
                List.of(
                    TestCommands.register(""),
                    TestCommands.acquire("a", 5),
                    leases,
                    leases,
                    session,
                    Command.newBuilder().setReserveBlob(ReserveBlob.getDefaultInstance()).build(),
                    Command.newBuilder().setRequestBuild(RequestBuild.getDefaultInstance()).build(),
                    Command.newBuilder().setOpenUpload(OpenUpload.getDefaultInstance()).build()),
                1)
            .getCommandsList();

    List<String> ids = new ArrayList<>();
    ids.add(stamped.get(0).getRegisterAsset().getAsset().getId());
    ids.add(stamped.get(1).getAcquireAsset().getLeaseId());
    ids.addAll(stamped.get(2).getAcquireLeases().getLeaseIdsList());
    ids.addAll(stamped.get(3).getAcquireLeases().getLeaseIdsList());
    ids.add(stamped.get(4).getOpenSession().getSessionId());
    ids.add(stamped.get(5).getReserveBlob().getReservationId());
    ids.add(stamped.get(6).getRequestBuild().getSuggestedAssetId());
    ids.add(stamped.get(7).getOpenUpload().getUploadId());
    assertThat(ids)
        .hasSize(10)
        .doesNotHaveDuplicates()
        .allSatisfy(id -> assertThat(id).matches("[0-9A-HJKMNP-TV-Z]{26}"));
    assertThat(stamper.stamp(stamped, 1).getCommandsList())
        .as("ids that are there already")
        .isEqualTo(stamped);
  }
}
