package dev.assetmanagerd.clustertests.chaos.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.TestCluster;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.HistoryReader;
import dev.assetmanagerd.clustertests.chaos.history.HistoryWriter;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.End;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.Ended;
import dev.assetmanagerd.clustertests.chaos.workload.RecordedCalls.Plan;
import dev.assetmanagerd.clustertests.client.CallFailedException;
import dev.assetmanagerd.clustertests.client.GrpcCaller;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How calls that take several attempts are recorded; the nodes do not run. */
final class RecordedCallsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path directory;

  private Ended<String> ended = new Ended<>(End.UNKNOWN, null, "not called");

  /** What the history has of one call with a key, whose attempts fail so one after the other. */
  private List<Call> record(CallFailedException... failures) throws Exception {
    Deque<CallFailedException> left = new ArrayDeque<>(List.of(failures));
    Path file = directory.resolve("history.jsonl");
    try (TestCluster cluster = TestCluster.prepare(ClusterOptions.of(3, directory));
        HistoryWriter history = HistoryWriter.open(file)) {
      RecordedCalls calls =
          new RecordedCalls(
              0,
              new GrpcCaller(),
              cluster::nodes,
              history,
              new Tally(),
              Duration.ofSeconds(1),
              new SplittableRandom(1),
              new CountDownLatch(1));
      ended =
          calls.make(
              new Plan<>(
                  Kind.ACQUIRE,
                  List.of("a"),
                  Input.NONE,
                  Map.of(),
                  "key",
                  (caller, node, headers, timeout) -> {
                    if (!left.isEmpty()) {
                      throw left.removeFirst();
                    }
                    return "answer";
                  },
                  answer -> Value.DONE),
              PATIENCE);
    }
    assertThat(left).as("failures that nobody saw").isEmpty();
    return HistoryReader.read(file).calls();
  }

  private static CallFailedException failure(String code, String outcome) {
    return new CallFailedException(code, "for a test", outcome, null);
  }

  @Test
  void aRefusalAfterAnAttemptThatGotLostIsRecordedAndSoIsTheDoubt() throws Exception {
    List<Call> calls =
        record(
            failure("unavailable", CallFailedException.UNKNOWN),
            failure("deadline_exceeded", ""),
            failure("not_found", ""));

    assertThat(ended.end()).isEqualTo(End.UNKNOWN);
    assertThat(ended.isNotFound()).as("as far as the client can know").isFalse();
    assertThat(calls).hasSize(2);
    assertThat(calls)
        .filteredOn(Call::isUnknown)
        .singleElement()
        .satisfies(RecordedCallsTest::lost);
    assertThat(calls)
        .filteredOn(call -> call.failedWith("not_found"))
        .singleElement()
        .satisfies(call -> assertThat(call.nodes()).containsExactly("n3"));
    assertThat(calls).extracting(Call::key).containsOnly("key");
    assertThat(calls.stream().map(Call::sequence).distinct()).hasSize(2);
    Call refused = calls.stream().filter(call -> !call.isUnknown()).findFirst().orElseThrow();
    Call lost = calls.stream().filter(Call::isUnknown).findFirst().orElseThrow();
    assertThat(refused.invokeNanos())
        .as("it says what there was at the last attempt")
        .isGreaterThan(lost.invokeNanos())
        .isEqualTo(lost.returnNanos());
  }

  private static void lost(Call call) {
    assertThat(call.nodes()).containsExactly("n1", "n2");
    assertThat(call.doubtful()).as("attempts beside the last of them").isEqualTo(1);
  }

  @Test
  void attemptsThatChangedNothingByTheNodesWordLeaveARefusalOne() throws Exception {
    List<Call> calls =
        record(failure("unavailable", CallFailedException.UNCHANGED), failure("not_found", ""));

    assertThat(ended.isNotFound()).isTrue();
    assertThat(calls).singleElement().satisfies(call -> assertThat(call.isUnknown()).isFalse());
  }

  @Test
  void anAnswerAfterAnAttemptThatGotLostIsOneCall() throws Exception {
    List<Call> calls = record(failure("unavailable", ""));

    assertThat(ended.isOk()).isTrue();
    assertThat(calls).singleElement().satisfies(call -> assertThat(call.isOk()).isTrue());
  }

  @Test
  void aRefusalThatMayHaveTakenEffectItselfIsOfUnknownOutcome() throws Exception {
    List<Call> calls =
        record(failure("unavailable", ""), failure("not_found", CallFailedException.UNKNOWN));

    assertThat(calls).singleElement().satisfies(call -> assertThat(call.isUnknown()).isTrue());
  }
}
