package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.transfer.v1.DownloadHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code asset download}. */
@Command(
    name = "download",
    description = {
      "Writes the bytes of an asset to a file, which appears when it is complete and its SHA-256 is"
          + " right; the exit code is 8 where it is not.",
      "What is cut goes on at the next node, and where the command is run again."
    })
final class DownloadCommand extends RemoteCommand {
  private static final Duration TIMEOUT = Duration.ofHours(24);
  private static final String STANDARD_OUTPUT = "-";

  @Parameters(paramLabel = "ID", description = "Id of the asset.")
  private String id = "";

  @Option(
      names = "--to",
      paramLabel = "FILE|-",
      description = {
        "The file, which is replaced; what is not complete is in FILE.part. -: standard output.",
        "Default: a file in this directory with the asset's id as its name."
      })
  private String to = "";

  @Option(names = "--offset", paramLabel = "BYTES", description = "Where to begin. Default: 0.")
  private long offset;

  @Option(
      names = "--length",
      paramLabel = "BYTES",
      description = "How much. Default: all there is. A part of an asset has no SHA-256 to check.")
  private long length;

  @Option(
      names = "--progress",
      paramLabel = "auto|none|plain|tty",
      defaultValue = "auto",
      description = "How to show progress on standard error. Default: a bar, on a terminal only.")
  private Progress.Style progress = Progress.Style.auto;

  @Override
  Duration defaultTimeout() {
    return TIMEOUT;
  }

  @Override
  int run(NodeClient client) throws IOException {
    if (offset < 0) {
      throw usage("--offset: must not be negative, not " + offset);
    }
    if (length < 0) {
      throw usage("--length: must not be negative, not " + length);
    }
    try (DownloadSink sink = sink()) {
      Asset asset = receive(client, sink);
      boolean right = isRight(sink, asset);
      if (!right && sink.earlierBytes() > 0) {
        sink.restart(); // what an earlier run has left was of something else
        asset = receive(client, sink);
        right = isRight(sink, asset);
      }
      if (!right) {
        sink.discard();
        err().println("error: data_loss: the bytes do not have checksum " + asset.getChecksum());
        return ExitCodes.INTEGRITY;
      }
      sink.publish();
      print(asset, sink.receivedBytes());
      return ExitCodes.OK;
    }
  }

  private boolean isRight(DownloadSink sink, Asset asset) {
    return !isWhole()
        || asset.getChecksum().isEmpty()
        || sink.checksum().equals(asset.getChecksum());
  }

  private void print(Asset asset, long bytes) throws IOException {
    if (isToStandardOutput()) {
      return;
    }
    if (json()) {
      printJson(
          DownloadHeader.newBuilder().setAsset(asset).setOffset(offset).setLength(bytes).build());
    } else {
      Table.ofAssets(List.of(asset)).print(out());
    }
  }

  private boolean isWhole() {
    return offset == 0 && length == 0;
  }

  private boolean isToStandardOutput() {
    return to.equals(STANDARD_OUTPUT);
  }

  private DownloadSink sink() throws IOException {
    if (isToStandardOutput()) {
      return new StandardOutput(System.out);
    }
    Path target = Path.of(to.isEmpty() ? id : to).toAbsolutePath();
    if (Files.isDirectory(target)) {
      throw usage("--to: " + target + " is a directory");
    }
    return PartialFile.open(target, isWhole());
  }

  private Asset receive(NodeClient client, DownloadSink sink) {
    AssetDownload download = new AssetDownload(id, offset, length, sink, progress, err());
    return client.read(channel -> download.run(channel, client.deadline()));
  }
}
