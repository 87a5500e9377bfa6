package dev.assetmanagerd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.assetmanagerd.asset.CliFixture;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

class CommandLineTest {
  @TempDir Path directory;
  private CliFixture node;
  private Path image;

  /** What a command left behind. */
  record Ran(int exitCode, String out, String err) {
    JsonObject json() {
      return JsonParser.parseString(out).getAsJsonObject();
    }
  }

  @BeforeEach
  void start() throws Exception {
    node = CliFixture.in(directory);
    image = directory.resolve("vmlinux-6.1");
    Files.write(image, bytes(700_000));
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private static byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  private Ran run(String... arguments) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.add("--endpoint=127.0.0.1:" + node.port());
    return runAsIs(all.toArray(String[]::new));
  }

  private static Ran runAsIs(String... arguments) {
    CommandLine root = new CommandLine(CommandSpec.create().name("assetmanagerd"));
    CliCommands.addTo(root);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    root.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exitCode = root.execute(arguments);
    return new Ran(exitCode, out.toString(), err.toString());
  }

  private Ran upload(String id) {
    return run("asset", "upload", image.toString(), "--type=kernel", "--id=" + id, "-o", "json");
  }

  @Test
  void uploadStoresTheFileAndPrintsTheAsset() throws Exception {
    Ran ran =
        run(
            "asset",
            "upload",
            image.toString(),
            "--type",
            "kernel",
            "--label",
            "arch=x86_64",
            "--label",
            "v=6.1",
            "--created-by",
            "ci",
            "-o",
            "json");

    assertThat(ran.exitCode()).as(ran.err()).isZero();
    JsonObject asset = ran.json().getAsJsonObject("asset");
    assertThat(asset.get("name").getAsString()).isEqualTo("vmlinux-6.1");
    assertThat(asset.get("type").getAsString()).isEqualTo("ASSET_TYPE_KERNEL");
    assertThat(asset.get("sizeBytes").getAsString()).isEqualTo("700000");
    assertThat(asset.get("createdBy").getAsString()).isEqualTo("ci");
    assertThat(asset.getAsJsonObject("labels").get("v").getAsString()).isEqualTo("6.1");
    Path stored = node.blobDirectory().resolve(asset.get("location").getAsString());
    assertThat(Files.mismatch(stored, image)).isEqualTo(-1);
    assertThat(ran.err()).as("standard error where it is no terminal").isEmpty();
  }

  @Test
  void uploadShowsProgressWhereAskedTo() {
    Ran plain = run("asset", "upload", image.toString(), "--type=kernel", "--progress=plain");
    assertThat(plain.err()).contains("100% 683.6 KiB of 683.6 KiB");
    Ran bar = run("asset", "upload", image.toString(), "--type=kernel", "--progress=tty");
    assertThat(bar.err()).contains("\r").contains("[========================] 100%");
  }

  @Test
  void anAssetGoesThroughItsWholeLife() throws Exception {
    upload("k");
    assertThat(run("asset", "get", "k").out()).contains("vmlinux-6.1").contains("683.6 KiB");

    Ran acquired = run("asset", "acquire", "k", "--by", "vm-1", "--ttl", "1h");
    String lease = acquired.out().strip();
    assertThat(lease).isNotEmpty().doesNotContain(" ");

    Ran refused = run("asset", "delete", "k");
    assertThat(refused.exitCode()).isEqualTo(ExitCodes.CONFLICT);
    assertThat(refused.err()).startsWith("error: failed_precondition: ").contains("1 reference");

    Path target = node.vmRoot().resolve("vm-1");
    Ran prepared = run("asset", "prepare", "k", "--target", target.toString(), "-o", "json");
    assertThat(prepared.json().getAsJsonObject("assetPaths").get("k").getAsString())
        .isEqualTo(target.resolve("vmlinux").toString());
    assertThat(Files.mismatch(target.resolve("vmlinux"), image)).isEqualTo(-1);

    assertThat(run("asset", "release", lease).out()).contains("0 leases left");
    assertThat(run("asset", "delete", "k").exitCode()).isZero();
    assertThat(run("asset", "get", "k").exitCode()).isEqualTo(ExitCodes.NOT_FOUND);
  }

  @Test
  void registerTakesWhatIsInStorage() throws Exception {
    Files.createDirectories(node.blobDirectory().resolve("images"));
    Files.copy(image, node.blobDirectory().resolve("images/disk.img"));

    Ran ran =
        run(
            "asset",
            "register",
            "images/disk.img",
            "--name=disk",
            "--type=disk-image",
            "--id=d",
            "-o",
            "json");
    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(ran.json().getAsJsonObject("asset").get("sizeBytes").getAsString())
        .isEqualTo("700000");
    assertThat(run("asset", "register", "images/none", "--name=x", "--type=kernel").exitCode())
        .isEqualTo(ExitCodes.NOT_FOUND);
    assertThat(
            run(
                    "asset",
                    "register",
                    "images/disk.img",
                    "--name=disk",
                    "--type=disk-image",
                    "--size=1")
                .exitCode())
        .isEqualTo(ExitCodes.CONFLICT);
  }

  @Test
  void listPrintsOnePageOrAllOfThemAsOneJsonObject() {
    for (String id : List.of("a", "b", "c")) {
      upload(id);
    }

    Ran one = run("asset", "list", "--page-size=2", "-o", "json");
    assertThat(one.json().getAsJsonArray("assets")).hasSize(2);
    String token = one.json().get("nextPageToken").getAsString();
    Ran rest = run("asset", "list", "--page-size=2", "--page-token=" + token, "-o", "json");
    assertThat(rest.json().getAsJsonArray("assets")).hasSize(1);
    assertThat(rest.json().get("nextPageToken").getAsString()).isEmpty();

    Ran all = run("asset", "list", "--all", "--page-size=1", "-o", "json");
    assertThat(all.json().getAsJsonArray("assets")).hasSize(3);
    assertThat(run("asset", "list", "--type=rootfs", "-o", "json").json().getAsJsonArray("assets"))
        .isEmpty();
    assertThat(run("asset", "list").out().lines()).hasSize(4);
    assertThat(run("asset", "list", "--all", "--page-size=1").out().lines())
        .as("one header for all pages")
        .hasSize(4);
  }

  @Test
  void garbageIsCollectedOnRequest() {
    upload("k");
    node.passDays(8);

    Ran dry = run("gc", "--delete-unreferenced", "--dry-run", "-o", "json");
    assertThat(dry.json().getAsJsonArray("deletedAssets")).hasSize(1);
    assertThat(dry.json().get("bytesFreed").getAsString()).isEqualTo("700000");
    assertThat(run("asset", "get", "k").exitCode()).isZero();
    assertThat(run("gc", "--delete-unreferenced", "--max-age=240h").out())
        .contains("deleted 0 assets");
    assertThat(run("gc", "--delete-unreferenced").out()).contains("deleted 1 assets, 683.6 KiB");
  }

  @Test
  void whyAnAssetIsOrIsNotGarbageIsExplained() {
    upload("k");

    assertThat(run("gc", "explain", "k").out())
        .startsWith("k is not garbage")
        .contains("- it was last used");
    node.passDays(8);
    assertThat(run("gc", "explain", "k").out()).startsWith("k is garbage");
    assertThat(run("gc", "explain", "k", "--max-age=240h").out()).startsWith("k is not garbage");
    assertThat(run("gc", "explain", "k", "-o", "json").json().get("collectable").getAsBoolean())
        .isTrue();
    assertThat(run("gc", "explain", "nothing").exitCode()).isEqualTo(ExitCodes.NOT_FOUND);
  }

  @Test
  void storeAndRegistryAreComparedOnRequest() throws Exception {
    upload("k");
    String hex = "ab".repeat(32);
    Path orphan = node.blobDirectory().resolve("ab").resolve(hex);
    Files.createDirectories(node.blobDirectory().resolve("ab"));
    Files.writeString(orphan, "x");
    Files.setLastModifiedTime(orphan, FileTime.fromMillis(0));

    assertThat(run("gc", "sweep", "--dry-run").out())
        .contains("blob without an asset: ab/" + hex)
        .contains("would delete 1 blobs");
    assertThat(orphan).exists();
    assertThat(run("gc", "sweep", "--min-age=1h").out()).contains("deletes 1 blobs");
    await().until(() -> Files.notExists(orphan));
    assertThat(run("gc", "sweep").out()).contains("deletes 0 blobs");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "asset",
        "cluster",
        "asset get",
        "asset upload /no/such/file --type=kernel",
        "asset upload FILE",
        "asset upload FILE --type=floppy",
        "asset upload FILE --type=kernel --chunk-size=1",
        "asset acquire k",
        "asset acquire k --by=me --ttl=soon",
        "asset acquire k --by=me --ttl=1500ms",
        "asset prepare --target=/x",
        "asset list --status=odd",
        "asset get k -o xml",
        "asset get ../k",
        "gc --max-age=-1s",
        "gc explain",
        "gc explain k --max-age=1500ms",
        "gc sweep --min-age=soon"
      })
  void wrongUsageExitsWith2AndSaysWhy(String commandLine) {
    Ran ran = run(commandLine.replace("FILE", image.toString()).split(" "));

    assertThat(ran.exitCode()).as(ran.err()).isEqualTo(ExitCodes.USAGE);
    assertThat(ran.err()).isNotBlank();
    assertThat(ran.out()).isEmpty();
  }

  @Test
  void anErrorIsOneLineWithItsCode() {
    Ran ran = run("asset", "get", "nobody");

    assertThat(ran.exitCode()).isEqualTo(ExitCodes.NOT_FOUND);
    assertThat(ran.err()).isEqualTo("error: not_found: id: there is no asset \"nobody\"\n");
    assertThat(ran.out()).isEmpty();
  }

  @Test
  void aConflictAndAnUnknownOutcomeHaveCodesOfTheirOwn() throws Exception {
    upload("k");
    Files.write(image, bytes(10));
    assertThat(upload("k").exitCode()).isEqualTo(ExitCodes.CONFLICT);

    node.loseLeader(true);
    Ran unknown = run("asset", "acquire", "k", "--by=vm");
    assertThat(unknown.exitCode()).isEqualTo(ExitCodes.OUTCOME_UNKNOWN);
    assertThat(unknown.err()).contains("outcome is unknown");
    node.loseLeader(false);
    assertThat(run("asset", "acquire", "k", "--by=vm").exitCode()).isEqualTo(ExitCodes.UNAVAILABLE);
    assertThat(run("asset", "get", "k").exitCode()).isEqualTo(ExitCodes.UNAVAILABLE);
  }

  @Test
  void theNextNodeIsAskedWhenOneCannotBeReached() throws Exception {
    upload("k");
    String nobody = "127.0.0.1:" + unusedPort();

    Ran ran = run("asset", "get", "k", "--endpoint=" + nobody);
    assertThat(ran.exitCode()).as(ran.err()).isZero();
    Ran both = runAsIs("asset", "get", "k", "--endpoint=" + nobody + ",127.0.0.1:" + node.port());
    assertThat(both.exitCode()).as(both.err()).isZero();
    Ran none = runAsIs("asset", "get", "k", "--endpoint=" + nobody);
    assertThat(none.exitCode()).isEqualTo(ExitCodes.UNAVAILABLE);
    assertThat(none.err()).startsWith("error: unavailable: ").contains(nobody);
  }

  @Test
  void clusterStatusNamesTheLeadersAddressAndEveryNode() {
    Ran json = run("cluster", "status", "-o", "json");

    assertThat(json.exitCode()).as(json.err()).isZero();
    assertThat(json.json().get("clusterId").getAsString()).isEqualTo("test");
    assertThat(json.json().get("leader").getAsString()).isEqualTo("127.0.0.1:8083");
    JsonObject first = json.json().getAsJsonArray("nodes").get(0).getAsJsonObject();
    assertThat(first.get("id").getAsString()).isEqualTo("n1");
    assertThat(first.get("role").getAsString()).isEqualTo("leader");
    assertThat(first.get("apiAddress").getAsString()).isEqualTo("127.0.0.1:8083");
    assertThat(first.get("term").getAsLong()).isEqualTo(3);
    assertThat(first.get("commitIndex").getAsLong()).isEqualTo(12);
    assertThat(first.get("appliedIndex").getAsLong()).isEqualTo(11);
    assertThat(first.get("stateHash").getAsString()).isEqualTo("abc123");
    assertThat(run("cluster", "status", "--no-hash", "-o", "json").out()).doesNotContain("abc123");
    assertThat(run("cluster", "status").out())
        .contains("leader  127.0.0.1:8083")
        .contains("unreachable")
        .contains("no answer");
  }

  @Test
  void leadershipIsHandedOver() {
    assertThat(run("cluster", "transfer", "--to=n2").out()).isEqualTo("n2 leads, after 7 ms\n");
    assertThat(run("cluster", "transfer", "--to=n9").exitCode()).isEqualTo(ExitCodes.NOT_FOUND);
  }

  @Test
  void everyCommandHasHelp() {
    for (String command :
        List.of(
            "asset upload",
            "asset register",
            "asset list",
            "asset get",
            "asset acquire",
            "asset release",
            "asset prepare",
            "asset delete",
            "gc",
            "cluster status",
            "cluster transfer")) {
      Ran ran = runAsIs((command + " --help").split(" "));
      assertThat(ran.exitCode()).as(command).isZero();
      assertThat(ran.out())
          .as(command)
          .contains("assetmanagerd " + command)
          .contains("--endpoint")
          .contains("--timeout");
    }
  }

  private static int unusedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
