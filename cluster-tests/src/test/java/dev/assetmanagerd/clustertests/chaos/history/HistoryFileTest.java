package dev.assetmanagerd.clustertests.chaos.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written is what is read. */
final class HistoryFileTest {
  @TempDir private Path directory;

  private static Call call(long sequence, Outcome outcome) {
    Input input = new Input(List.of("l1", "l2"), 1500, "session", true, "content \"1\"\n", true);
    return new Call(
        3,
        sequence,
        Kind.ACQUIRE,
        List.of("a", "b"),
        input,
        "key",
        outcome,
        10,
        20,
        List.of("n1", "n2"),
        1);
  }

  @Test
  void everyEventIsReadAsItWasWritten() throws IOException {
    Value value =
        new Value(
            List.of(Seen.available("a", 2, "c"), new Seen("b", "DELETING", Seen.NOT_SAID, "")),
            Map.of("a", "l1"),
            List.of("l2"),
            true,
            true);
    List<Call> calls =
        List.of(
            call(1, new Outcome.Ok(value)),
            call(2, new Outcome.Fail("not_found", "no such \u2028 asset")),
            call(3, new Outcome.Unknown("unavailable", "")));
    FaultEvent fault = new FaultEvent("kill", true, List.of("n1"), "-9", true, 15);
    Path file = directory.resolve("history.jsonl");
    try (HistoryWriter writer = HistoryWriter.open(file)) {
      calls.forEach(writer::add);
      writer.add(fault);
    }
    assertThat(Files.readAllLines(file)).hasSize(4);
    assertThat(HistoryReader.read(file)).isEqualTo(new History(calls, List.of(fault)));
  }

  @Test
  void callsOfManyThreadsAreAllRecordedWithTheirTimes() throws Exception {
    Path file = directory.resolve("history.jsonl");
    List<Thread> threads = new ArrayList<>();
    try (HistoryWriter writer = HistoryWriter.open(file)) {
      for (int process = 0; process < 8; process++) {
        int number = process;
        Thread thread = new Thread(() -> thousandCalls(writer, number));
        threads.add(thread);
        thread.start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
    History history = HistoryReader.read(file);
    assertThat(history.calls()).hasSize(8000);
    assertThat(history.calls().stream().map(Call::sequence).distinct()).hasSize(8000);
    assertThat(history.calls()).allMatch(call -> call.isOk() && call.nodes().size() == 2);
    assertThat(history.calls()).allMatch(call -> call.doubtful() == 1);
  }

  private static void thousandCalls(HistoryWriter writer, int process) {
    for (int i = 0; i < 1000; i++) {
      PendingCall call = writer.invoke(process, Kind.GET, List.of("a"), Input.NONE, "");
      call.attempt("n1");
      call.lostAttempt();
      call.attempt("n2");
      call.ok(Value.of(Seen.available("a", i, "")));
      call.fail("internal", "is ignored, for the call has ended");
    }
  }

  @Test
  void timesCountFromTheBeginOfTheRun() throws IOException {
    AtomicLong clock = new AtomicLong(1_000_000);
    Path file = directory.resolve("history.jsonl");
    try (HistoryWriter writer = HistoryWriter.open(file, clock::get)) {
      clock.addAndGet(5);
      PendingCall call = writer.invoke(1, Kind.DELETE, List.of("a"), Input.NONE, "");
      clock.addAndGet(7);
      call.ok(Value.wasDeleted());
      writer.faultBegins("pause", List.of("n2"), "", false);
      clock.addAndGet(8);
      writer.faultEnds("pause", List.of("n2"), "", true);
    }
    History history = HistoryReader.read(file);
    assertThat(history.calls().get(0).invokeNanos()).isEqualTo(5);
    assertThat(history.calls().get(0).returnNanos()).isEqualTo(12);
    assertThat(history.faults().stream().map(FaultEvent::atNanos)).containsExactly(12L, 20L);
    assertThat(history.endNanos()).isEqualTo(20);
  }

  @Test
  void aCallThatHasNotEndedWhenTheRunDoesIsOfUnknownOutcome() throws IOException {
    Path file = directory.resolve("history.jsonl");
    try (HistoryWriter writer = HistoryWriter.open(file)) {
      writer.invoke(1, Kind.ACQUIRE, List.of("a"), Input.NONE, "").attempt("n1");
    }
    assertThat(HistoryReader.read(file).calls()).hasSize(1).allMatch(Call::isUnknown);
  }

  @Test
  void aLineThatIsNoEventIsNamed() throws IOException {
    Path file = directory.resolve("history.jsonl");
    Files.writeString(file, "{\"event\":\"call\",\"kind\":\"dance\"}\n");
    assertThatThrownBy(() -> HistoryReader.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("line 1 of")
        .hasMessageContaining("dance");
  }

  @Test
  void nothingIsRecordedAfterTheEnd() throws IOException {
    HistoryWriter writer = HistoryWriter.open(directory.resolve("history.jsonl"));
    writer.close();
    assertThatThrownBy(() -> writer.add(call(1, new Outcome.Ok(Value.DONE))))
        .isInstanceOf(IllegalStateException.class);
  }
}
