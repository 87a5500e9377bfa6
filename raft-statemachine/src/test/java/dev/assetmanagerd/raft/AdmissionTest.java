package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.log.v1.AssetsTouched;
import dev.assetmanagerd.log.v1.CheckReplicas;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.Outcome;
import dev.assetmanagerd.log.v1.Rejection;
import dev.assetmanagerd.node.v1.ProposeResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What a leader lets into its log, by the level of the registry as applied there. */
class AdmissionTest {
  private static final Command NEEDS_3 =
      Command.newBuilder().setCheckReplicas(CheckReplicas.newBuilder().setCheckId("check")).build();

  private final AppliedIndex applied = new AppliedIndex(Runnable::run, 5);
  private final List<List<Command>> log = new ArrayList<>();
  private int level = 2;
  private final Admission admission = new Admission(() -> level, applied);

  private CompletableFuture<ProposeResponse> append(long committedIndex, Command... commands) {
    return admission.append(
        List.of(commands),
        committedIndex,
        admitted -> {
          log.add(admitted);
          var response = ProposeResponse.newBuilder().setIndex(9);
          for (int i = 0; i < admitted.size(); i++) {
            response.addOutcomes(
                Outcome.newBuilder().setAssetsTouched(AssetsTouched.newBuilder().setCount(i + 1)));
          }
          return CompletableFuture.completedFuture(response.build());
        });
  }

  @Test
  void whatTheLevelAllowsGoesIntoTheLogTogether() {
    level = 3;

    assertThat(append(5, TestCommands.register("a"), NEEDS_3)).isCompleted();

    assertThat(log).containsExactly(List.of(TestCommands.register("a"), NEEDS_3));
  }

  @Test
  void whatNeedsMoreIsRejectedInItsPlaceNamingBothLevelsAndTheRemedy() {
    var first = TestCommands.register("a");
    var last = TestCommands.register("b");

    ProposeResponse response = append(5, first, NEEDS_3, last).join();

    assertThat(log).containsExactly(List.of(first, last));
    assertThat(response.getIndex()).isEqualTo(9);
    assertThat(response.getOutcomesList())
        .extracting(outcome -> outcome.getAssetsTouched().getCount())
        .containsExactly(1, 0, 2);
    Rejection rejection = response.getOutcomes(1).getRejection();
    assertThat(rejection.getRule()).isEqualTo(Rejection.Rule.RULE_FORMAT_LEVEL);
    assertThat(rejection.getMessage())
        .contains("needs format level 3", "is at level 2", "cluster upgrade");
  }

  @Test
  void whereNothingIsAllowedNothingIsAppended() {
    ProposeResponse response = append(5, NEEDS_3).join();

    assertThat(log).isEmpty();
    assertThat(response.getOutcomes(0).hasRejection()).isTrue();
    assertThat(response.getIndex()).isEqualTo(5);
  }

  @Test
  void whatIsCommittedAndNotAppliedYetMayHaveRaisedTheLevel() {
    CompletableFuture<ProposeResponse> response = append(7, NEEDS_3);
    assertThat(response).isNotDone();
    assertThat(log).isEmpty();

    level = 3;
    applied.advance(7);

    assertThat(response).isCompleted();
    assertThat(log).containsExactly(List.of(NEEDS_3));
  }
}
