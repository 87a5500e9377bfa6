package dev.assetmanagerd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.assetmanagerd.asset.CliFixture;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

class TransferCommandsTest {
  private static final int SIZE = 700_000;

  @TempDir Path directory;
  private CliFixture node;
  private Path image;
  private Path target;
  private Path part;

  @BeforeEach
  void start() throws Exception {
    node = CliFixture.in(directory);
    image = directory.resolve("vmlinux-6.1");
    target = directory.resolve("there");
    part = directory.resolve("there.part");
    byte[] bytes = new byte[SIZE];
    new Random(1).nextBytes(bytes);
    Files.write(image, bytes);
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private CliRun run(String... arguments) {
    return CliRun.of(node, arguments);
  }

  private JsonObject upload(String... more) {
    List<String> all =
        new ArrayList<>(List.of("asset", "upload", image.toString(), "--type=kernel", "-ojson"));
    all.addAll(List.of(more));
    return run(all.toArray(String[]::new)).json().getAsJsonObject("asset");
  }

  private CliRun download(String... more) {
    List<String> all = new ArrayList<>(List.of("asset", "download", "k", "--to=" + target));
    all.addAll(List.of(more));
    return run(all.toArray(String[]::new));
  }

  @Test
  void aDownloadIsTheFileThatWasUploaded() throws Exception {
    upload("--id=k");
    Files.writeString(target, "what was there before");

    JsonObject header = download("-o", "json").json();

    assertThat(header.getAsJsonObject("asset").get("id").getAsString()).isEqualTo("k");
    assertThat(header.get("length").getAsString()).isEqualTo("700000");
    assertThat(Files.mismatch(target, image)).isEqualTo(-1);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target)))
        .isEqualTo("rw-r--r--");
    assertThat(part).doesNotExist();
    assertThat(download("--progress=plain").err()).contains("100% 683.6 KiB of 683.6 KiB");
  }

  @Test
  void aDownloadGoesOnWithWhatIsThere() throws Exception {
    upload("--id=k");
    Files.write(part, Arrays.copyOf(Files.readAllBytes(image), 300_000));

    CliRun ran = download("--progress=plain");

    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(Files.mismatch(target, image)).isEqualTo(-1);
    assertThat(part).doesNotExist();
  }

  @Test
  void whatIsThereOfSomethingElseIsThrownAway() throws Exception {
    upload("--id=k");
    for (int left : List.of(300_000, SIZE, SIZE + 1)) {
      Files.write(part, new byte[left]);

      CliRun ran = download();

      assertThat(ran.exitCode()).as(ran.err()).isZero();
      assertThat(Files.mismatch(target, image)).isEqualTo(-1);
    }
  }

  @Test
  void wrongBytesNeverAppearUnderTheName() throws Exception {
    JsonObject asset = upload("--id=k");
    Path stored = node.blobDirectory().resolve(asset.get("location").getAsString());
    Files.setPosixFilePermissions(stored, PosixFilePermissions.fromString("rw-------"));
    byte[] changed = Files.readAllBytes(stored);
    changed[SIZE - 1]++;
    Files.write(stored, changed);

    CliRun ran = download();

    assertThat(ran.exitCode()).isEqualTo(ExitCodes.INTEGRITY);
    assertThat(ran.err()).startsWith("error: data_loss: ");
    assertThat(target).doesNotExist();
  }

  @Test
  void aRangeIsDownloadedAsItIs() throws Exception {
    upload("--id=k");

    assertThat(download("--offset=100", "--length=50").exitCode()).isZero();

    assertThat(Files.readAllBytes(target))
        .isEqualTo(Arrays.copyOfRange(Files.readAllBytes(image), 100, 150));
    assertThat(download("--offset=700001").exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(download("--offset=-1").exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(run("asset", "download", "none", "--to=" + directory.resolve("n")).exitCode())
        .isEqualTo(ExitCodes.NOT_FOUND);
    assertThat(directory.resolve("n.part")).doesNotExist();
  }

  @Test
  @ResourceLock(Resources.SYSTEM_OUT)
  void aDownloadToStandardOutputHasNothingButTheBytes() throws Exception {
    upload("--id=k");
    ByteArrayOutputStream captured = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(captured, false, StandardCharsets.UTF_8));
    CliRun ran;
    try {
      ran = run("asset", "download", "k", "--to=-");
    } finally {
      System.setOut(before);
    }

    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(captured.toByteArray()).isEqualTo(Files.readAllBytes(image));
    assertThat(ran.out()).isEmpty();
  }

  @Test
  void aResumableUploadBecomesTheAssetAndForgetsItsState() throws Exception {
    JsonObject asset = upload("--id=k", "--resumable");

    assertThat(asset.get("sizeBytes").getAsString()).isEqualTo("700000");
    Path stored = node.blobDirectory().resolve(asset.get("location").getAsString());
    assertThat(Files.mismatch(stored, image)).isEqualTo(-1);
    assertThat(directory.resolve("vmlinux-6.1.upload")).doesNotExist();
  }

  @Test
  void aResumableUploadThatWasCutGoesOnWhenTheCommandIsRunAgain() throws Exception {
    Path state = directory.resolve("state");
    node.takeParts(3);
    CliRun cut =
        run(
            "asset",
            "upload",
            image.toString(),
            "--type=kernel",
            "--resumable",
            "--state=" + state);
    assertThat(cut.exitCode()).as(cut.err()).isIn(ExitCodes.UNAVAILABLE, ExitCodes.OUTCOME_UNKNOWN);
    String id = Files.readString(state).trim();
    node.takeParts(Integer.MAX_VALUE);
    assertThat(node.upload(id).getOffset()).isBetween(1L, SIZE - 1L);

    JsonObject asset = upload("--resumable", "--state=" + state);

    assertThat(asset.get("sizeBytes").getAsString()).isEqualTo("700000");
    assertThat(node.upload(id).getAssetId()).isEqualTo(asset.get("id").getAsString());
    assertThat(state).doesNotExist();
  }

  @Test
  void aResumableUploadOfAFileThatHasChangedIsRefused() throws Exception {
    Path state = directory.resolve("state");
    node.takeParts(3);
    run("asset", "upload", image.toString(), "--type=kernel", "--resumable", "--state=" + state);
    node.takeParts(Integer.MAX_VALUE);
    Files.write(image, new byte[SIZE]);

    CliRun ran =
        run(
            "asset",
            "upload",
            image.toString(),
            "--type=kernel",
            "--resumable",
            "--state=" + state);

    assertThat(ran.exitCode()).isEqualTo(ExitCodes.CONFLICT);
    assertThat(ran.err()).contains("begun with other bytes", state.toString());
  }

  @Test
  void theNextNodeGoesOnWithTheUpload() throws Exception {
    int unused;
    try (ServerSocket socket = new ServerSocket(0)) {
      unused = socket.getLocalPort();
    }

    JsonObject asset = upload("--resumable", "--endpoint=127.0.0.1:" + unused);

    assertThat(asset.get("sizeBytes").getAsString()).isEqualTo("700000");
  }

  @Test
  void whereTheStoreTakesNoBytesOfClientsADirectUploadSaysSo() {
    CliRun ran = run("asset", "upload", image.toString(), "--type=kernel", "--direct");

    assertThat(ran.exitCode()).isEqualTo(ExitCodes.CONFLICT);
    assertThat(ran.err()).contains("direct: the store");
    assertThat(
            run("asset", "upload", image.toString(), "--type=kernel", "--direct", "--resumable")
                .exitCode())
        .isEqualTo(ExitCodes.USAGE);
  }
}
