package dev.assetmanagerd.clustertests.bench;

import dev.assetmanagerd.clustertests.ChildProcess;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** curl, without signatures or digests, in one stream. */
final class CurlTransfers implements S3Contender {
  private static final Duration LIMIT = Duration.ofMinutes(10);

  private final URI object;
  private final Path log;

  /**
   * @param bucket its URL, ending with a slash
   * @param log of the process
   */
  CurlTransfers(URI bucket, Path log) {
    this.object = bucket.resolve("of-curl");
    this.log = log;
  }

  @Override
  public String name() {
    return "curl";
  }

  @Override
  public void upload(Path file) throws IOException {
    curl("--upload-file", file.toString());
  }

  @Override
  public void download(Path target) throws IOException {
    curl("--output", target.toString());
  }

  @Override
  public void delete() throws IOException {
    curl("--request", "DELETE");
  }

  private void curl(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("curl", "--silent", "--show-error", "--fail"));
    command.addAll(List.of(arguments));
    command.add(object.toString());
    try (ChildProcess process = ChildProcess.start("curl", command, Map.of(), log)) {
      if (!process.await(LIMIT) || process.exitCode() != 0) {
        throw new IOException("curl failed, see " + log);
      }
    }
  }
}
