package dev.assetmanagerd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.assetmanagerd.asset.CliFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseCommandsTest {
  @TempDir Path directory;
  private CliFixture node;

  @BeforeEach
  void start() throws Exception {
    node = CliFixture.in(directory);
    for (String id : List.of("a", "b")) {
      Path file = directory.resolve(id);
      Files.writeString(file, "bytes of " + id);
      assertThat(run("asset", "upload", file.toString(), "--type=initrd", "--id=" + id).exitCode())
          .isZero();
    }
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private CliRun run(String... arguments) {
    return CliRun.of(node, arguments);
  }

  @Test
  void leasesAreTakenListedRenewedAndReleased() {
    JsonArray leases =
        run("lease", "acquire", "a", "b", "--by=vm-1", "--ttl=60s", "-o", "json")
            .json()
            .getAsJsonArray("leases");
    String id = leases.get(0).getAsJsonObject().get("id").getAsString();

    assertThat(run("lease", "get", id).out()).contains(id, "vm-1", "60s");
    JsonObject listed = run("lease", "list", "--asset=a", "--by=vm-1", "-o", "json").json();
    assertThat(listed.getAsJsonArray("leases")).hasSize(1);
    assertThat(run("lease", "list", "--page-size=1").err()).contains("--page-token=");
    assertThat(run("lease", "list", "--page-size=1", "--all").out().lines()).hasSize(3);
    CliRun renewed = run("lease", "renew", id, "none", "--ttl=2h");
    assertThat(renewed.exitCode()).isEqualTo(ExitCodes.NOT_FOUND);
    assertThat(renewed.out()).contains("7200s");
    assertThat(renewed.err()).contains("none");

    assertThat(run("lease", "release", id).exitCode()).isZero();
    assertThat(run("lease", "get", id).exitCode()).isEqualTo(ExitCodes.NOT_FOUND);
    assertThat(run("lease", "release-holder", "vm-1").out().trim()).isEqualTo("released 1");
  }

  @Test
  void aSessionIsOpenedKeptFilledComparedAndClosed() {
    JsonObject session =
        run("session", "open", "host-1", "--ttl=20s", "--grace=0s", "-o", "json")
            .json()
            .getAsJsonObject("session");
    String id = session.get("id").getAsString();
    assertThat(session.get("graceMillis").getAsString()).isEqualTo("0");
    String own = run("asset", "acquire", "a", "--by=vm-1").out().trim();
    String inSession = run("asset", "acquire", "b", "--by=vm-2", "--session=" + id).out().trim();

    assertThat(run("session", "attach", id, own).out()).contains(own, id);
    assertThat(run("session", "attach", id, "none").exitCode()).isEqualTo(ExitCodes.NOT_FOUND);
    assertThat(run("session", "keep", id).out()).contains("host-1");
    assertThat(run("session", "list").out()).contains(id);
    String difference = run("session", "reconcile", id, "--running=vm-1=a,b").out();
    assertThat(difference.lines().map(line -> line.substring(0, line.indexOf(' '))))
        .containsExactly("DIFFERENCE", "missing", "surplus");
    assertThat(difference).contains(inSession).doesNotContain(own);
    assertThat(run("session", "reconcile", id, "--running=vm-1").exitCode())
        .isEqualTo(ExitCodes.USAGE);
    assertThat(run("session", "close", id).out().trim()).isEqualTo("closed; 2 leases ended");
    assertThat(run("session", "keep", id).exitCode()).isEqualTo(ExitCodes.NOT_FOUND);
  }

  @Test
  void aCommandRepeatedWithItsKeyDoesItsWorkOnce() {
    String first = run("asset", "acquire", "a", "--by=vm", "--idempotency-key=boot").out();

    assertThat(run("asset", "acquire", "a", "--by=vm", "--idempotency-key=boot").out())
        .isEqualTo(first);
    assertThat(run("asset", "acquire", "a", "--by=other", "--idempotency-key=boot").exitCode())
        .isEqualTo(ExitCodes.USAGE);
    assertThat(run("lease", "list", "-o", "json").json().getAsJsonArray("leases")).hasSize(1);
  }

  @Test
  void preparingKeepsLeasesWhereAsked() {
    Path target = node.vmRoot().resolve("vm-1");
    JsonObject prepared =
        run(
                "asset",
                "prepare",
                "a",
                "--target=" + target,
                "--for=vm-1",
                "--lease-ttl=1h",
                "-o",
                "json")
            .json();
    String lease = prepared.getAsJsonObject("leases").get("a").getAsString();

    assertThat(prepared.getAsJsonObject("assetPaths").get("a").getAsString())
        .startsWith(target.toString());
    assertThat(run("lease", "get", lease).out()).contains("vm-1", "3600s");
    assertThat(run("asset", "prepare", "a", "--target=" + target).out()).doesNotContain("LEASE");
  }

  @Test
  void durationsThatTheApiCannotSayAreUsageErrors() {
    for (List<String> command :
        List.of(
            List.of("lease", "acquire", "a", "--by=x", "--ttl=1500ms"),
            List.of("lease", "renew", "l", "--ttl=1500ms"),
            List.of("lease", "list", "--expiring-within=1500ms"),
            List.of("session", "open", "h", "--ttl=1500ms"),
            List.of("session", "open", "h", "--grace=1500ms"))) {
      assertThat(run(command.toArray(String[]::new)).exitCode())
          .as("%s", command)
          .isEqualTo(ExitCodes.USAGE);
    }
  }
}
