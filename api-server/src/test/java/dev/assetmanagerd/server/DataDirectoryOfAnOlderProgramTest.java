package dev.assetmanagerd.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.registry.FormatLevels;
import dev.assetmanagerd.registry.LogPosition;
import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryView;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a program of an older format level left on disk goes on as if nothing had happened. */
class DataDirectoryOfAnOlderProgramTest {
  private static final String PREFIX = "UNKEY_ASSETMANAGERD_";
  private static final String FIXTURES = "/data-directories/";
  private static final String ASSETS = "asset.v1.AssetManagerService/";
  private static final String LEASES = "assetmanagerd.lease.v1.LeaseService/";
  private static final String TRANSFERS = "assetmanagerd.transfer.v1.TransferService/";
  private static final String CLUSTER = "assetmanagerd.cluster.v1.ClusterService/";
  private static final String IMPORTS = "assetmanagerd.importer.v1.ImportService/";
  private static final int KERNEL_LEASES = 62;

  @TempDir Path directory;
  private TestNode node;
  private Properties made;

  @BeforeEach
  void unpack() throws IOException {
    node = new TestNode(directory);
    made = new Properties();
    try (InputStream properties = fixture("level-2.properties")) {
      made.load(properties);
    }
    try (ZipInputStream zip = new ZipInputStream(fixture("level-2.zip"))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path target = directory.resolve(entry.getName()).normalize();
        assertThat(target.startsWith(directory)).as(entry.getName()).isTrue();
        if (entry.isDirectory()) {
          Files.createDirectories(target);
        } else {
          Files.copy(zip, target);
        }
      }
    }
  }

  private static InputStream fixture(String name) throws IOException {
    InputStream stream =
        DataDirectoryOfAnOlderProgramTest.class.getResourceAsStream(FIXTURES + name);
    if (stream == null) {
      throw new IOException("there is no resource " + FIXTURES + name);
    }
    return stream;
  }

  private NodeConfig config() throws Exception {
    Map<String, String> environment = node.environment();
    environment.put(PREFIX + "CLUSTER_ID", "fixture");
    environment.put(PREFIX + "NODE_ID", "n1");
    environment.put(PREFIX + "BUILDERD_ENABLED", "false");
    environment.put(PREFIX + "GC_ENABLED", "false");
    return NodeConfig.read(environment);
  }

  @Test
  void itsRegistryHasTheHashThatItsOwnProgramGaveIt() {
    try (RegistryDatabase registry =
        RegistryDatabase.open(directory.resolve("data/db/registry.db"))) {
      assertThat(registry.read(RegistryView::formatLevel)).isEqualTo(2);
      assertThat(registry.applied())
          .isEqualTo(new LogPosition(number("applied_term"), number("applied_index")));
      assertThat(registry.read(RegistryView::stateHash)).isEqualTo(made.getProperty("state_hash"));
    }
  }

  @Test
  void aNodeGoesOnWithItAtItsLevelAndIsRaisedWhenItsOperatorSaysSo() throws Exception {
    try (NodeServer server = NodeServer.start(config())) {
      awaitReady();
      assertThat(levels()).containsExactly(2, FormatLevels.HIGHEST);
      assertHoldsAllThatItHeld();
      acquire("kernel", "new-at-2");
      assertImportsAreRefused();
      assertThat(levels()).as("nobody has raised it").containsExactly(2, FormatLevels.HIGHEST);

      JsonObject raised = ok(node.call(CLUSTER + "UpgradeCluster", "{}"));

      assertThat(raised.get("fromFormatLevel").getAsInt()).isEqualTo(2);
      assertThat(raised.get("formatLevel").getAsInt()).isEqualTo(FormatLevels.HIGHEST);
      assertThat(levels()).containsExactly(FormatLevels.HIGHEST, FormatLevels.HIGHEST);
      acquire("kernel", "new-at-3");
      assertThat(server.terminated()).isNotDone();
    }
    try (NodeServer server = NodeServer.start(config())) {
      awaitReady();
      assertThat(levels()).containsExactly(FormatLevels.HIGHEST, FormatLevels.HIGHEST);
      assertThat(references("kernel")).isEqualTo(KERNEL_LEASES + 2);
      assertThat(references("root")).isEqualTo(2);
      acquire("held", "new-after-a-restart");
      assertThat(references("held")).isEqualTo(2);
      assertThat(server.terminated()).isNotDone();
    }
  }

  /** A rehearsal says what the import would say. */
  private void assertImportsAreRefused() throws Exception {
    for (String more : List.of("\"dryRun\": true", "\"dryRun\": false")) {
      assertNeedsUpgrade(
          "ImportAssets",
          """
          {"assets": [{"asset": {
            "id": "old", "name": "old", "type": "ASSET_TYPE_KERNEL",
            "status": "ASSET_STATUS_AVAILABLE", "location": "old"}}],
           "allowMissingBlobs": true, %s}
          """
              .formatted(more));
      assertNeedsUpgrade(
          "ImportLeases",
          """
          {"leases": [{"id": "l", "assetId": "kernel", "acquiredBy": "vm"}], %s}
          """
              .formatted(more));
    }
  }

  private void assertNeedsUpgrade(String method, String request) throws Exception {
    HttpResponse<String> refused = node.call(IMPORTS + method, request);
    assertThat(refused.body())
        .as("%s %s", method, request)
        .contains("failed_precondition")
        .contains("cluster upgrade");
  }

  private void assertHoldsAllThatItHeld() throws Exception {
    JsonObject kernel = asset("kernel");
    assertThat(kernel.get("name").getAsString()).isEqualTo("vmlinux");
    assertThat(kernel.getAsJsonObject("labels").get("channel").getAsString()).isEqualTo("stable");
    assertThat(references("kernel")).isEqualTo(KERNEL_LEASES);
    assertThat(asset("twin").get("location")).isEqualTo(kernel.get("location"));
    assertThat(
            ok(node.call(ASSETS + "ListAssets", "{\"labelSelector\":{\"arch\":\"x86_64\"}}"))
                .getAsJsonArray("assets"))
        .hasSize(2);
    assertThat(node.call(ASSETS + "GetAsset", "{\"id\":\"doomed\"}").statusCode()).isEqualTo(404);

    JsonArray sessions = ok(node.call(LEASES + "ListSessions", "{}")).getAsJsonArray("sessions");
    assertThat(sessions).hasSize(1);
    assertThat(sessions.get(0).getAsJsonObject().get("host").getAsString()).isEqualTo("host-1");
    assertThat(leases("vm-session")).hasSize(2);
    assertThat(leases("vm-plain")).hasSize(1);
    assertThat(leases("vm-timed")).hasSize(1);
    ok(
        node.call(
            ASSETS + "ReleaseAsset",
            "{\"leaseId\":\"%s\"}".formatted(made.getProperty("released_lease_id"))));

    HttpResponse<String> again =
        node.call(
            ASSETS + "AcquireAsset",
            "{\"assetId\":\"root\",\"acquiredBy\":\"vm-once\"}",
            Map.of("Idempotency-Key", "acquire-once"));
    ok(again);
    assertThat(again.headers().firstValue("assetmanager-replayed")).contains("true");
    assertThat(references("root")).isEqualTo(2);

    JsonObject upload =
        ok(node.call(
                TRANSFERS + "GetUpload",
                "{\"uploadId\":\"%s\"}".formatted(made.getProperty("upload_id"))))
            .getAsJsonObject("upload");
    assertThat(upload.get("offset").getAsString()).isEqualTo("10");
    JsonArray builds =
        ok(node.call("assetmanagerd.build.v1.BuildService/ListBuilds", "{}"))
            .getAsJsonArray("builds");
    assertThat(builds).hasSize(2);
  }

  private JsonArray leases(String holder) throws Exception {
    return ok(node.call(LEASES + "ListLeases", "{\"acquiredBy\":\"%s\"}".formatted(holder)))
        .getAsJsonArray("leases");
  }

  private JsonObject asset(String id) throws Exception {
    return ok(node.call(ASSETS + "GetAsset", "{\"id\":\"%s\"}".formatted(id)))
        .getAsJsonObject("asset");
  }

  private int references(String id) throws Exception {
    return asset(id).get("referenceCount").getAsInt();
  }

  private void acquire(String id, String by) throws Exception {
    ok(
        node.call(
            ASSETS + "AcquireAsset",
            "{\"assetId\":\"%s\",\"acquiredBy\":\"%s\"}".formatted(id, by)));
  }

  private int[] levels() throws Exception {
    JsonObject self =
        ok(node.call(CLUSTER + "GetClusterStatus", "{}"))
            .getAsJsonArray("nodes")
            .get(0)
            .getAsJsonObject();
    return new int[] {self.get("formatLevel").getAsInt(), self.get("formatLevelMax").getAsInt()};
  }

  private long number(String property) {
    return Long.parseLong(made.getProperty(property));
  }

  @CanIgnoreReturnValue
  private static JsonObject ok(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return JsonParser.parseString(answer.body()).getAsJsonObject();
  }

  private void awaitReady() {
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .untilAsserted(
            () -> assertThat(node.get(node.port, "/readyz").statusCode()).isEqualTo(200));
  }
}
