package dev.assetmanagerd.clustertests.chaos.run;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.assetmanagerd.clustertests.chaos.check.Verdict;
import dev.assetmanagerd.clustertests.chaos.check.Verdict.Finding;
import dev.assetmanagerd.clustertests.chaos.report.Summary;
import dev.assetmanagerd.clustertests.chaos.report.Timeline;
import dev.assetmanagerd.clustertests.chaos.report.Window;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What a run leaves for people. */
final class Evidence {
  private static final Duration MARGIN = Duration.ofSeconds(3);

  private Evidence() {}

  /** A summary; a picture, too, where something is wrong. */
  static void leave(ChaosResult result) throws IOException {
    Path directory = result.options().directory();
    String title =
        "%s, %d nodes, seed %d"
            .formatted(
                result.options().scenario().id(),
                result.options().nodes(),
                result.options().seed());
    String text =
        Summary.markdown(title, result.history(), result.verdicts())
            + "\nAgain: `"
            + result.options().command()
            + "`\n";
    Files.writeString(directory.resolve("summary.md"), text);
    if (result.isGood()) {
      discardData(directory);
    } else {
      List<Long> calls =
          result.verdicts().stream()
              .map(Verdict::findings)
              .flatMap(List::stream)
              .map(Finding::calls)
              .flatMap(List::stream)
              .toList();
      Window window =
          calls.isEmpty()
              ? Window.all(result.history())
              : Window.around(result.history(), calls.subList(0, 1), MARGIN);
      Timeline.write(directory.resolve("timeline.svg"), result.history(), window, calls);
    }
  }

  /** Of a good run the history is left; the nodes' data take disk space and tell nothing more. */
  private static void discardData(Path directory) throws IOException {
    for (String name : List.of("cluster", "jailer")) {
      Path data = directory.resolve(name);
      if (Files.exists(data, LinkOption.NOFOLLOW_LINKS)) {
        MoreFiles.deleteRecursively(data, RecursiveDeleteOption.ALLOW_INSECURE);
      }
    }
  }
}
