package dev.assetmanagerd.cli;

import dev.assetmanagerd.build.v1.AutomaticBuild;
import dev.assetmanagerd.build.v1.BuildServiceGrpc;
import dev.assetmanagerd.build.v1.ListBuildsRequest;
import dev.assetmanagerd.build.v1.ListBuildsResponse;
import java.io.IOException;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code build list}. */
@Command(
    name = "list",
    description = "Lists automatic builds that run, wait, or ended within the last seven days.")
final class BuildListCommand extends RemoteCommand {
  private static final int KEY_CHARS = 12;

  @Option(
      names = "--page-size",
      paramLabel = "COUNT",
      description = "How many at a time, at most 1000. Default: 100.")
  private int pageSize;

  @Option(
      names = "--page-token",
      paramLabel = "TOKEN",
      description = "Goes on where the page that printed this token ended.")
  private String pageToken = "";

  @Override
  int run(NodeClient client) throws IOException {
    ListBuildsRequest request =
        ListBuildsRequest.newBuilder().setPageSize(pageSize).setPageToken(pageToken).build();
    ListBuildsResponse page =
        client.read(
            channel ->
                BuildServiceGrpc.newBlockingStub(channel)
                    .withDeadline(client.deadline())
                    .withMaxInboundMessageSize(Limits.MAX_RESPONSE_BYTES)
                    .listBuilds(request));
    if (json()) {
      printJson(page);
    } else {
      print(page);
    }
    return ExitCodes.OK;
  }

  private void print(ListBuildsResponse page) {
    Table table =
        new Table(
            "KEY", "IMAGE", "STATUS", "DONE", "STEP", "ATTEMPT", "BUILD", "ASSET", "CHANGED",
            "ERROR");
    for (AutomaticBuild build : page.getBuildsList()) {
      table.add(
          build.getKey().substring(0, Math.min(KEY_CHARS, build.getKey().length())),
          build.getDockerImage(),
          build.getStatus(),
          build.getProgressPercent() + "%",
          orDash(build.getCurrentStep()),
          Integer.toString(build.getAttempt()),
          orDash(build.getBuildId()),
          orDash(build.getAssetId()),
          Instant.ofEpochSecond(build.getChangedAt()).toString(),
          orDash(build.getErrorMessage()));
    }
    table.print(out());
    if (!page.getNextPageToken().isEmpty()) {
      err().println("there are more: --page-token=" + page.getNextPageToken());
    }
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }
}
