package dev.assetmanagerd.clustertests.chaos.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.assetmanagerd.clustertests.chaos.check.Budget;
import dev.assetmanagerd.clustertests.chaos.check.LinearizabilityCheck;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.history.Call;
import dev.assetmanagerd.clustertests.chaos.history.FaultEvent;
import dev.assetmanagerd.clustertests.chaos.history.History;
import dev.assetmanagerd.clustertests.chaos.history.Input;
import dev.assetmanagerd.clustertests.chaos.history.Kind;
import dev.assetmanagerd.clustertests.chaos.history.Outcome;
import dev.assetmanagerd.clustertests.chaos.history.Seen;
import dev.assetmanagerd.clustertests.chaos.history.Value;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/** A person finds in picture and summary what the checks found. */
final class ReportTest {
  private static final long MILLI = 1_000_000;

  @TempDir private Path directory;

  private static Call call(int process, long sequence, Kind kind, Outcome outcome) {
    return new Call(
        process,
        sequence,
        kind,
        List.of("a"),
        Input.NONE,
        sequence == 2 ? "<key&\"1\">" : "",
        outcome,
        sequence * 100 * MILLI,
        sequence * 100 * MILLI + 50 * MILLI,
        List.of("n1"),
        0);
  }

  /** A write that was acknowledged and that a read does not see. */
  private static History staleRead() {
    Seen registered = Seen.available("a", 0, "");
    return new History(
        List.of(
            call(0, 1, Kind.REGISTER, new Outcome.Ok(Value.of(registered))),
            call(1, 2, Kind.ACQUIRE, new Outcome.Unknown("unavailable", "")),
            call(
                1,
                3,
                Kind.ACQUIRE,
                new Outcome.Ok(Value.granted(Seen.available("a", 1, ""), "l1"))),
            call(2, 4, Kind.GET, new Outcome.Ok(Value.of(registered))),
            call(2, 5, Kind.DELETE, new Outcome.Fail("unavailable", "nothing was changed"))),
        List.of(
            new FaultEvent("kill", true, List.of("n1"), "SIGKILL", true, 150 * MILLI),
            new FaultEvent("kill", false, List.of("n1"), "", true, 250 * MILLI),
            new FaultEvent("partition", true, List.of("n2"), "", true, 260 * MILLI)));
  }

  private static Verdict verdict() {
    return new LinearizabilityCheck(Budget.USUAL).check(staleRead());
  }

  private static Document parsed(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }

  @Test
  void thePictureHasEveryCallAndPointsAtThoseThatCannotBeExplained() throws Exception {
    List<Long> wrong = verdict().findings().get(0).calls();
    assertThat(wrong).containsExactly(4L);
    Path file = directory.resolve("timeline.svg");
    Timeline.write(file, staleRead(), Window.all(staleRead()), wrong);
    String svg = Files.readString(file);
    Document picture = parsed(svg);
    assertThat(picture.getDocumentElement().getTagName()).isEqualTo("svg");
    assertThat(picture.getElementsByTagName("title").getLength()).isEqualTo(5 + 2);
    assertThat(svg).contains("process 0", "process 1", "process 2", ">GET #4</text>");
    assertThat(svg).contains("kill [n1] SIGKILL: 0.150 s to 0.250 s", "partition [n2]");
    assertThat(svg).contains("&lt;key&amp;&quot;1&quot;&gt;").doesNotContain("http://localhost");
  }

  @Test
  void aWindowHasOnlyWhatHappenedInIt() throws Exception {
    History history = staleRead();
    Window window = Window.around(history, List.of(4L), Duration.ofMillis(10));
    String svg = Timeline.svg(history, window, List.of(4L), "");
    // The call of unknown outcome may take effect at any time after it was made.
    assertThat(svg).contains("#4 process 2 GET", "#2 process 1 ACQUIRE");
    assertThat(svg).doesNotContain("#1 process 0", "#3 process 1", "kill");
    assertThat(parsed(Timeline.svg(history, window, List.of(), "other")).getChildNodes())
        .isNotNull();
    assertThat(Timeline.svg(history, window, List.of(), "other")).doesNotContain("GET");
  }

  @Test
  void theSummarySaysWhatWasCheckedAndWhatWasFound() {
    String text = Summary.markdown("Stale read", staleRead(), List.of(verdict()));
    assertThat(text)
        .startsWith("# Stale read\n")
        .contains("| calls | 5: 3 ok, 1 refused, 1 of unknown outcome |")
        .contains("| faults injected | 2 |")
        .contains("| linearizable per asset | broken | assets 1;")
        .contains("| acquire | 1 | 0 | 1 |")
        .contains("| kill | 1 | 0.100 s |")
        .contains("asset a: is not linearizable");
  }

  private static RunsReport.Run run(String word, long gapMillis) {
    RunFigures figures =
        new RunFigures(
            Duration.ofSeconds(60),
            100,
            90,
            3,
            4,
            Duration.ofMillis(5),
            Duration.ofMillis(70),
            Duration.ofMillis(gapMillis));
    return new RunsReport.Run(word, "pause, seed " + gapMillis, Optional.of(figures), "");
  }

  @Test
  void theReportOfSeveralRunsHasEachAndAllTogether() throws Exception {
    RunsReport report =
        new RunsReport(
            List.of(
                run("GOOD", 3000),
                run("BROKEN", 1000),
                run("GOOD", 2000),
                new RunsReport.Run("LEFT OUT", "loss", Optional.empty(), "no nftables here")));
    assertThat(report.markdown())
        .contains("| GOOD | pause, seed 3000 | 100 | 3 | 4 | 0.005 s | 0.070 s | 3.000 s |")
        .contains("| LEFT OUT | loss |", "no nftables here")
        .contains("runs: 4 {BROKEN=1, GOOD=2, LEFT OUT=1}")
        .contains("operations checked: 300: 270 done, 21 refused, 9 of unknown outcome")
        .contains("faults injected: 12")
        .contains("p50 2.000 s, p99 3.000 s, max 3.000 s over the runs");
    report.write(directory);
    assertThat(Files.readString(directory.resolve("report.md"))).isEqualTo(report.markdown());
    JsonObject json =
        JsonParser.parseString(Files.readString(directory.resolve("report.json")))
            .getAsJsonObject();
    assertThat(json.getAsJsonArray("runs")).hasSize(4);
    JsonObject first = json.getAsJsonArray("runs").get(0).getAsJsonObject();
    assertThat(first.get("gap_max_ms").getAsLong()).isEqualTo(3000);
    assertThat(first.get("refused").getAsLong()).isEqualTo(7);
  }

  @Test
  void figuresOfARunAreThoseOfItsHistory() {
    RunFigures figures = RunFigures.of(staleRead());
    assertThat(figures.calls()).isEqualTo(5);
    assertThat(figures.done()).isEqualTo(3);
    assertThat(figures.unknown()).isEqualTo(1);
    assertThat(figures.refused()).isEqualTo(1);
    assertThat(figures.faults()).isEqualTo(2);
    assertThat(new RunsReport(List.of()).markdown()).contains("max - over the runs");
  }
}
