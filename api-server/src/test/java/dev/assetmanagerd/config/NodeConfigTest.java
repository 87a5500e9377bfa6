package dev.assetmanagerd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeConfigTest {
  private static final String PREFIX = "UNKEY_ASSETMANAGERD_";

  @Test
  void theDefaultsAreThoseThatDeploymentsKnow() throws Exception {
    NodeConfig config = read("TLS_MODE", "disabled");

    assertThat(config.api()).isEqualTo(new HostPort("0.0.0.0", 8083));
    assertThat(config.storage().kind()).isEqualTo(StorageKind.LOCAL);
    assertThat(config.storage().root()).contains(Path.of("/opt/vm-assets"));
    assertThat(config.storage().maxAssetBytes()).isEqualTo(10_737_418_240L);
    assertThat(config.cluster().dataDirectory()).isEqualTo(Path.of("/opt/assetmanagerd/node"));
    assertThat(config.cluster().members())
        .containsExactly(
            new ClusterMember(
                "n1", new HostPort("127.0.0.1", 8084), new HostPort("127.0.0.1", 8083)));
    assertThat(config.cluster().raftAddress()).isEqualTo("127.0.0.1");
    assertThat(config.cluster().electionTimeoutMin()).isEqualTo(Duration.ofSeconds(1));
    assertThat(config.garbage().maxAge()).isEqualTo(Duration.ofDays(7));
    assertThat(config.metrics()).contains(new HostPort("127.0.0.1", 9467));
    assertThat(config.builderd().endpoint()).isEqualTo(URI.create("https://localhost:8082"));
    assertThat(config.shutdownTimeout()).isEqualTo(Duration.ofSeconds(30));
  }

  /** Every option set to something that is not its default, and found where it belongs. */
  @Test
  void everyOptionArrivesInItsPlace() throws Exception {
    Map<String, String> all = new HashMap<>();
    all.put("PORT", "9001");
    all.put("ADDRESS", "10.0.0.1");
    all.put("SHUTDOWN_TIMEOUT", "7s");
    all.put("LOG_LEVEL", "debug");
    all.put("NODE_ID", "b");
    all.put("CLUSTER_ID", "prod");
    all.put("CLUSTER_PEERS", "a=h1:9002/h1:9001, b=h2:9002/h2:9001,c=[::1]:9002/[::1]:9001");
    all.put("RAFT_ADDRESS", "0.0.0.0");
    all.put("DATA_DIR", "/d/data");
    all.put("ELECTION_TIMEOUT_MIN", "150ms");
    all.put("ELECTION_TIMEOUT_MAX", "1m30s");
    all.put("SNAPSHOT_THRESHOLD", "5");
    all.put("REPLICA_CHECK_INTERVAL", "2h");
    all.put("CLUSTER_JOIN", "h4:9001, h2:9001");
    all.put("CLUSTER_JOIN_AS", "voter");
    all.put("AUTO_REBUILD", "false");
    all.put("STORAGE_TYPE", "nfs");
    all.put("LOCAL_PATH", "/d/local");
    all.put("NFS_PATH", "/d/nfs");
    all.put("S3_BUCKET", "bucket");
    all.put("NFS_REQUIRE_MOUNT", "false");
    all.put("STORAGE_TIMEOUT", "40s");
    all.put("STORAGE_THREADS", "41");
    all.put("S3_PREFIX", "vm/assets");
    all.put("S3_PATH_STYLE", "false");
    all.put("S3_ACCESS_KEY_ID_FILE", "/d/no-id");
    all.put("S3_SECRET_ACCESS_KEY_FILE", "/d/no-secret");
    all.put("S3_CHECKSUMS", "when_required");
    all.put("S3_CHUNKED_ENCODING", "false");
    all.put("S3_PART_SIZE", "8388608");
    all.put("HTTP_SOURCE_HOSTS", "Images.test, *.cdn.test, a.test:8443, b.test:*");
    all.put("HTTP_SOURCE_ALLOW_PRIVATE", "true");
    all.put("HTTP_SOURCE_ALLOW_PLAIN", "true");
    all.put("CACHE_PEERS", "false");
    all.put("SCRUB_RATE", "43");
    all.put("SCRUB_INTERVAL", "44h");
    all.put("UPLOAD_TTL", "45h");
    all.put("UPLOAD_PART_SIZE", "1048576");
    all.put("PREPARE_KERNEL", "copy");
    all.put("PREPARE_INITRD", "copy");
    all.put("PREPARE_OWNER", "123:456");
    all.put("PREPARE_MODE", "660");
    all.put("S3_REGION", "eu-central-1");
    all.put("S3_ENDPOINT", "http://s3.test:9000");
    all.put("S3_ACCESS_KEY_ID", "key-id");
    all.put("S3_SECRET_ACCESS_KEY", "key-secret");
    all.put("DATABASE_PATH", "/d/assets.db");
    all.put("CACHE_DIR", "/d/cache");
    all.put("MAX_CACHE_SIZE", "42");
    all.put("MAX_ASSET_SIZE", "12");
    all.put("DEFAULT_KERNEL", "kernels/vmlinux");
    all.put("DOWNLOAD_CONCURRENCY", "13");
    all.put("DOWNLOAD_TIMEOUT", "14s");
    all.put("PREPARE_ROOTS", "/d/j1,/d/j2");
    all.put("PREPARE_REMOTE_CALLERS", "true");
    all.put("PREPARE_ROOTFS", "link");
    all.put("PREPARE_DISK_IMAGE", "link");
    all.put("LEASE_DEFAULT_TTL", "18s");
    all.put("LEASE_MAX_TTL", "19h");
    all.put("SESSION_DEFAULT_TTL", "20s");
    all.put("SESSION_DEFAULT_GRACE", "21s");
    all.put("GC_ENABLED", "false");
    all.put("GC_INTERVAL", "15m");
    all.put("GC_MAX_AGE", "16h");
    all.put("GC_RATE_LIMIT", "250");
    all.put("GC_SWEEP_INTERVAL", "6h");
    all.put("GC_ORPHAN_AGE", "48h");
    all.put("GC_UPLOAD_GRACE", "22m");
    all.put("BACKUP_LOCATION", "file:///d/backups");
    all.put("BACKUP_INTERVAL", "23h");
    all.put("BACKUP_KEEP", "24");
    all.put("TLS_MODE", "file");
    all.put("TLS_CERT_FILE", "/t/cert");
    all.put("TLS_KEY_FILE", "/t/key");
    all.put("TLS_CA_FILE", "/t/ca");
    all.put("TLS_PEER_NAMES", "*.nodes.example, 10.0.0.1 ,spiffe://x/node/*");
    all.put("TLS_MIN_VERSION", "1.2");
    all.put("SPIFFE_SOCKET", "/t/agent.sock");
    all.put("BUILDERD_ENABLED", "0");
    all.put("BUILDERD_ENDPOINT", "http://b:1");
    all.put("BUILDERD_TIMEOUT", "17m");
    all.put("BUILDERD_AUTO_REGISTER", "F");
    all.put("BUILDERD_MAX_RETRIES", "0");
    all.put("BUILDERD_RETRY_DELAY", "0s");
    all.put("BUILDERD_POLL_INTERVAL", "18s");
    all.put("BUILDERD_START_GRACE", "19s");
    all.put("BUILDERD_FAILURE_TTL", "20s");
    all.put("OTEL_ENABLED", "false");
    all.put("OTEL_SERVICE_NAME", "am");
    all.put("OTEL_SERVICE_VERSION", "9");
    all.put("OTEL_ENDPOINT", "otel:4318");
    all.put("OTEL_SAMPLING_RATE", "0.25");
    all.put("OTEL_PROMETHEUS_ENABLED", "TRUE");
    all.put("OTEL_PROMETHEUS_PORT", "9900");
    all.put("OTEL_PROMETHEUS_INTERFACE", "0.0.0.0");
    assertThat(
            Options.all().stream()
                .filter(option -> option.variables().stream().noneMatch(prefixed(all)::containsKey))
                .map(Option::name))
        .as("options that this test forgot")
        .isEmpty();

    NodeConfig config = NodeConfig.read(prefixed(all));

    HostPort h2Api = new HostPort("h2", 9001);
    assertThat(config)
        .isEqualTo(
            new NodeConfig(
                new HostPort("10.0.0.1", 9001),
                Duration.ofSeconds(7),
                LogLevel.DEBUG,
                new NodeConfig.Cluster(
                    "b",
                    "prod",
                    List.of(
                        new ClusterMember("a", new HostPort("h1", 9002), new HostPort("h1", 9001)),
                        new ClusterMember("b", new HostPort("h2", 9002), h2Api),
                        new ClusterMember(
                            "c", new HostPort("::1", 9002), new HostPort("::1", 9001))),
                    "0.0.0.0",
                    Path.of("/d/data"),
                    Duration.ofMillis(150),
                    Duration.ofSeconds(90),
                    5,
                    Duration.ofHours(2),
                    new NodeConfig.Join(
                        List.of(new HostPort("h4", 9001), h2Api), JoinAs.VOTER, false)),
                new NodeConfig.Storage(
                    StorageKind.NFS,
                    Optional.of(Path.of("/d/nfs")),
                    false,
                    Duration.ofSeconds(40),
                    41,
                    new NodeConfig.S3(
                        Optional.of("bucket"),
                        "vm/assets",
                        "eu-central-1",
                        Optional.of(URI.create("http://s3.test:9000")),
                        false,
                        Optional.of(new Secret("key-id")),
                        Optional.of(new Secret("key-secret")),
                        S3Checksums.WHEN_REQUIRED,
                        false,
                        8 << 20),
                    new NodeConfig.HttpSources(
                        List.of("images.test", "*.cdn.test", "a.test:8443", "b.test:*"),
                        true,
                        true),
                    new NodeConfig.Cache(
                        Path.of("/d/cache"), 42, false, 13, Duration.ofSeconds(14)),
                    new NodeConfig.Scrub(43, Duration.ofHours(44)),
                    12,
                    Duration.ofHours(45),
                    1 << 20,
                    Optional.of("kernels/vmlinux")),
                new NodeConfig.Prepare(
                    List.of(Path.of("/d/j1"), Path.of("/d/j2")),
                    true,
                    PlacementMode.COPY,
                    PlacementMode.COPY,
                    PlacementMode.LINK,
                    PlacementMode.LINK,
                    Optional.of(new FileOwner(123, 456)),
                    0660),
                new NodeConfig.Leases(
                    Duration.ofSeconds(18),
                    Duration.ofHours(19),
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(21)),
                new NodeConfig.Garbage(
                    false,
                    Duration.ofMinutes(15),
                    Duration.ofHours(16),
                    250,
                    Duration.ofHours(6),
                    Duration.ofHours(48),
                    Duration.ofMinutes(22)),
                new NodeConfig.Backups(
                    Optional.of(
                        new BackupLocation(
                            "file:///d/backups",
                            Optional.of(Path.of("/d/backups")),
                            Optional.empty(),
                            "")),
                    Duration.ofHours(23),
                    24),
                new NodeConfig.Security(
                    TlsMode.FILE,
                    Optional.of(Path.of("/t/cert")),
                    Optional.of(Path.of("/t/key")),
                    Optional.of(Path.of("/t/ca")),
                    List.of("*.nodes.example", "10.0.0.1", "spiffe://x/node/*"),
                    "1.2",
                    Path.of("/t/agent.sock")),
                new NodeConfig.Builderd(
                    false,
                    URI.create("http://b:1"),
                    Duration.ofMinutes(17),
                    false,
                    0,
                    Duration.ZERO,
                    Duration.ofSeconds(18),
                    Duration.ofSeconds(19),
                    Duration.ofSeconds(20)),
                new NodeConfig.Tracing(false, "am", Optional.of("9"), "otel:4318", 0.25),
                Optional.of(new HostPort("0.0.0.0", 9900))));
    assertThat(config.self().api()).isEqualTo(h2Api);
    assertThat(config.toString()).doesNotContain("key-secret").doesNotContain("key-id");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PORT|0|a whole number from 1 to 65535",
        "PORT|65536|a whole number from 1 to 65535",
        "PORT|http|a whole number from 1 to 65535",
        "ADDRESS|a b|a host name or an IP address",
        "SHUTDOWN_TIMEOUT|30|a duration above zero",
        "SHUTDOWN_TIMEOUT|0s|a duration above zero",
        "SHUTDOWN_TIMEOUT|-5s|a duration above zero",
        "SHUTDOWN_TIMEOUT|5m3|a duration above zero",
        "SHUTDOWN_TIMEOUT|999999999h|a duration above zero",
        "LEASE_DEFAULT_TTL|1500ms|a duration of whole seconds",
        "SESSION_DEFAULT_TTL|0s|a duration above zero",
        "BUILDERD_RETRY_DELAY|soon|a duration such as",
        "LOG_LEVEL|loud|one of trace, debug, info, warn, error",
        "NODE_ID|-x|letters, digits",
        "CLUSTER_ID|../x|letters, digits",
        "CLUSTER_PEERS|n1=127.0.0.1:8084|id=raftHost:raftPort/apiHost:apiPort",
        "CLUSTER_PEERS|127.0.0.1:8084/127.0.0.1:8083|id=raftHost:raftPort/apiHost:apiPort",
        "CLUSTER_PEERS|n1=127.0.0.1:8084/127.0.0.1:99999|id=raftHost:raftPort/apiHost:apiPort",
        "DATA_DIR|relative/dir|an absolute path",
        "PREPARE_ROOTS|,|one or more absolute paths",
        "PREPARE_ROOTS|/a,b|one or more absolute paths",
        "SNAPSHOT_THRESHOLD|0|at least 1",
        "MAX_ASSET_SIZE|10GB|at least 1",
        "MAX_CACHE_SIZE|99999999999999999999|at least 1",
        "DOWNLOAD_CONCURRENCY|65|from 1 to 64",
        "PREPARE_REMOTE_CALLERS|yes|true or false",
        "PREPARE_ROOTFS|hardlink|one of copy, link",
        "STORAGE_BACKEND|ftp|one of local, nfs, s3",
        "TLS_MODE|off|one of disabled, file, spiffe",
        "TLS_MIN_VERSION|1.1|1.2 or 1.3",
        "TLS_PEER_NAMES|n*.x|DNS names, each as it is or as *.name",
        "OTEL_SAMPLING_RATE|1.5|a number from 0 to 1",
        "OTEL_SAMPLING_RATE|NaN|a number from 0 to 1",
        "BUILDERD_ENDPOINT|localhost:8082|a URL",
        "BACKUP_LOCATION|/mnt/backups|file:// and an absolute path, or s3://BUCKET/PREFIX",
        "BACKUP_LOCATION|file://mnt/backups|file:// and an absolute path",
        "BACKUP_LOCATION|s3://bucket|file:// and an absolute path, or s3://BUCKET/PREFIX",
        "BACKUP_LOCATION|s3://bucket/../x|file:// and an absolute path, or s3://BUCKET/PREFIX",
        "BACKUP_KEEP|0|from 1 to 500",
        "DEFAULT_KERNEL|/boot/vmlinux|a relative path",
        "DEFAULT_KERNEL|a/../../vmlinux|a relative path",
        "S3_ENDPOINT|ftp://x|a URL"
      })
  void aBadValueIsRefusedWithVariableValueAndRule(String name, String value, String rule) {
    assertThat(problemsOf("TLS_MODE", "disabled", name, value))
        .singleElement()
        .asString()
        .startsWith(PREFIX + name + ": the value \"" + value + "\"")
        .contains(rule);
  }

  @Test
  void aBadSecretIsRefusedWithoutShowingIt() {
    assertThat(problemsOf("TLS_MODE", "disabled", "S3_SECRET_ACCESS_KEY", "hush\u0007hush"))
        .singleElement()
        .asString()
        .startsWith(PREFIX + "S3_SECRET_ACCESS_KEY")
        .doesNotContain("hush");
  }

  @Test
  void anUnknownVariableIsRefusedAndTheClosestNamed() {
    assertThat(problemsOf("TLS_MODE", "disabled", "STORAGE_BACKENT", "local"))
        .containsExactly(
            PREFIX
                + "STORAGE_BACKENT is not an option; did you mean "
                + PREFIX
                + "STORAGE_BACKEND?");
    assertThat(problemsOf("TLS_MODE", "disabled", "XYZZY_QUUX", "1"))
        .containsExactly(PREFIX + "XYZZY_QUUX is not an option");
  }

  @Test
  void allProblemsAreReportedAtOnce() {
    assertThat(problemsOf("PORT", "x", "GC_INTERVAL", "y", "PROT", "1"))
        .satisfiesExactlyInAnyOrder(
            problem -> assertThat(problem).contains("PORT: the value \"x\""),
            problem -> assertThat(problem).contains("GC_INTERVAL: the value \"y\""),
            problem -> assertThat(problem).contains("PROT is not an option"),
            problem -> assertThat(problem).contains("TLS_MODE is spiffe (the default)"));
  }

  @Test
  void variablesOfOthersAndEmptyOnesAreLeftAlone() throws Exception {
    NodeConfig config =
        NodeConfig.read(
            Map.of(
                "PATH",
                "/bin",
                "UNKEY_METALD_PORT",
                "x",
                PREFIX + "PORT",
                "",
                PREFIX + "TLS_MODE",
                "disabled"));

    assertThat(config.api().port()).isEqualTo(8083);
  }

  @Test
  void anAliasAndItsNameMayAgreeButNotDiffer() throws Exception {
    assertThat(
            read("TLS_MODE", "disabled", "LOCAL_PATH", "/x", "LOCAL_STORAGE_PATH", "/x")
                .storage()
                .root())
        .contains(Path.of("/x"));
    assertThat(problemsOf("TLS_MODE", "disabled", "LOCAL_PATH", "/x", "LOCAL_STORAGE_PATH", "/y"))
        .singleElement()
        .asString()
        .contains(PREFIX + "LOCAL_PATH and " + PREFIX + "LOCAL_STORAGE_PATH")
        .contains("different values");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "TLS_MODE=spiffe|TLS_MODE is spiffe, which this version cannot do",
        "TLS_MODE=file;TLS_KEY_FILE=/k;TLS_CA_FILE=/c|TLS_MODE is file, which needs UNKEY_ASSETMANAGERD_TLS_CERT_FILE",
        "TLS_MODE=file;TLS_CERT_FILE=/k;TLS_CA_FILE=/c|TLS_MODE is file, which needs UNKEY_ASSETMANAGERD_TLS_KEY_FILE",
        "TLS_MODE=file;TLS_CERT_FILE=/k;TLS_KEY_FILE=/c|TLS_MODE is file, which needs UNKEY_ASSETMANAGERD_TLS_CA_FILE",
        "TLS_MODE=file;TLS_CERT_FILE=/a;TLS_KEY_FILE=/b;TLS_CA_FILE=/c;CLUSTER_JOIN=h:1|needs UNKEY_ASSETMANAGERD_TLS_PEER_NAMES",
        "TLS_MODE=file;TLS_CERT_FILE=/a;TLS_KEY_FILE=/b;TLS_CA_FILE=/c;CLUSTER_PEERS=n1=h:1/h:8083,n2=h:2/h:3|needs UNKEY_ASSETMANAGERD_TLS_PEER_NAMES",
        "STORAGE_BACKEND=s3|STORAGE_BACKEND is s3, which needs UNKEY_ASSETMANAGERD_S3_BUCKET",
        "STORAGE_BACKEND=s3;S3_ACCESS_KEY_ID=x|S3_ACCESS_KEY_ID, or its file, is set, which needs",
        "STORAGE_BACKEND=s3;S3_ACCESS_KEY_ID=x;S3_ACCESS_KEY_ID_FILE=/x|_FILE are both set",
        "STORAGE_BACKEND=s3;S3_SECRET_ACCESS_KEY_FILE=/no|S3_SECRET_ACCESS_KEY_FILE (/no) cannot",
        "STORAGE_BACKEND=s3;MAX_CACHE_SIZE=9|MAX_ASSET_SIZE (10737418240) has to be at most",
        "STORAGE_BACKEND=nfs|which needs UNKEY_ASSETMANAGERD_NFS_PATH",
        "NODE_ID=n9;CLUSTER_PEERS=n1=h:1/h:8083|NODE_ID is n9, which is not one of the members",
        "CLUSTER_PEERS=n1=h:1/h:8083,n1=i:1/i:2|names n1 twice",
        "CLUSTER_PEERS=n1=h:1/h:8083,n2=h:1/h:2|uses the address h:1 twice",
        "CLUSTER_PEERS=n1=h:1/h:8099|but UNKEY_ASSETMANAGERD_PORT is 8083",
        "OTEL_PROMETHEUS_PORT=8083|PORT and UNKEY_ASSETMANAGERD_OTEL_PROMETHEUS_PORT are both 8083",
        "OTEL_PROMETHEUS_PORT=8084|the Raft port of n1",
        "LEASE_MAX_TTL=90s;LEASE_DEFAULT_TTL=91s|LEASE_DEFAULT_TTL (1m31s) has to be at most",
        "LEASE_MAX_TTL=89s|SESSION_DEFAULT_TTL (30s) and",
        "ELECTION_TIMEOUT_MIN=2s|ELECTION_TIMEOUT_MIN (2s) has to be less than",
        "DATA_DIR=/opt/vm-assets|have to be different directories",
        "DATA_DIR=/opt/vm-assets/node|have to be different directories",
        "CACHE_DIR=/opt|have to be different directories",
        "PREPARE_ROOTS=/opt/vm-assets/x/..|have to be different directories"
      })
  void valuesThatDoNotGoTogetherAreRefused(String settings, String problem) {
    Map<String, String> environment = new HashMap<>(Map.of("TLS_MODE", "disabled"));
    for (String setting : settings.split(";", -1)) {
      String[] nameAndValue = setting.split("=", 2);
      environment.put(nameAndValue[0], nameAndValue[1]);
    }

    assertThat(problemsOf(prefixed(environment))).anyMatch(text -> text.contains(problem));
  }

  @Test
  void keysToTheBucketMayLieInFiles(@TempDir Path directory) throws Exception {
    Path id = Files.writeString(directory.resolve("id"), "the-id\n");
    Path secret = Files.writeString(directory.resolve("secret"), "the-secret");

    NodeConfig.S3 s3 =
        read(
                "TLS_MODE", "disabled",
                "STORAGE_BACKEND", "s3",
                "S3_BUCKET", "b",
                "S3_ACCESS_KEY_ID_FILE", id.toString(),
                "S3_SECRET_ACCESS_KEY_FILE", secret.toString())
            .storage()
            .s3();

    assertThat(s3.accessKeyId()).contains(new Secret("the-id"));
    assertThat(s3.secretAccessKey()).contains(new Secret("the-secret"));
    assertThat(s3.toString()).doesNotContain("the-id").doesNotContain("the-secret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "S3_PREFIX|a//b",
        "S3_PREFIX|/a",
        "S3_PREFIX|a/../b",
        "S3_PREFIX|a b",
        "HTTP_SOURCE_HOSTS|*",
        "HTTP_SOURCE_HOSTS|https://a.test",
        "HTTP_SOURCE_HOSTS|a.test:0",
        "HTTP_SOURCE_HOSTS|a.test:65536",
        "HTTP_SOURCE_HOSTS|a.test:",
        "PREPARE_OWNER|root:root",
        "PREPARE_OWNER|4294967295:0",
        "PREPARE_MODE|0755",
        "PREPARE_MODE|0444",
        "PREPARE_MODE|6644",
        "UPLOAD_PART_SIZE|1",
        "S3_PART_SIZE|5242879"
      })
  void valuesOfTheWrongFormAreRefusedWithTheirVariable(String name, String value) {
    assertThat(problemsOf("TLS_MODE", "disabled", name, value))
        .singleElement()
        .asString()
        .contains(PREFIX + name)
        .contains(value);
  }

  @Test
  void theDefaultKernelCanBeSwitchedOff() throws Exception {
    Map<String, String> off = Map.of("TLS_MODE", "disabled", "DEFAULT_KERNEL", "none");

    assertThat(NodeConfig.read(prefixed(off)).storage().defaultKernel()).isEmpty();
    assertThat(ConfigText.print(prefixed(off))).contains(PREFIX + "DEFAULT_KERNEL=none");
    assertThat(ConfigText.print(prefixed(Map.of("TLS_MODE", "disabled"))))
        .contains(PREFIX + "DEFAULT_KERNEL=vmlinux ");
  }

  @Test
  void aSecretShowsItselfOnlyWhenAsked() {
    Secret secret = new Secret("hush");

    assertThat(secret).hasToString("***").isEqualTo(new Secret("hush"));
    assertThat(secret.reveal()).isEqualTo("hush");
  }

  @ParameterizedTest
  @CsvSource({"1h30m,5400000", "1.5s,1500", "0s,0", "2ms,2", "168h,604800000", "0.5h15m,2700000"})
  void durationsAddUpTheirParts(String text, long millis) {
    assertThat(Durations.parse(text)).isEqualTo(Duration.ofMillis(millis));
    assertThat(Durations.parse(Durations.format(Duration.ofMillis(millis))))
        .isEqualTo(Duration.ofMillis(millis));
  }

  @Test
  void anOptionThatIsSetInVainIsNamed() {
    assertThat(ConfigText.withoutEffect(Map.of(PREFIX + "TLS_CERT_FILE", "/cert")))
        .containsExactly(
            PREFIX + "TLS_CERT_FILE has no effect unless " + PREFIX + "TLS_MODE is file");
    assertThat(ConfigText.withoutEffect(Map.of(PREFIX + "SPIFFE_SOCKET", "/socket")))
        .containsExactly(PREFIX + "SPIFFE_SOCKET has no effect in this version");
    assertThat(
            ConfigText.withoutEffect(
                Map.of(PREFIX + "TLS_CERT_FILE", "/cert", PREFIX + "TLS_MODE", "file")))
        .isEmpty();
    assertThat(ConfigText.withoutEffect(Map.of())).isEmpty();
  }

  @Test
  void printingShowsValuesAndOriginsButNoSecrets() throws Exception {
    String text =
        ConfigText.print(
            Map.of(
                PREFIX + "TLS_MODE", "disabled",
                PREFIX + "LOCAL_PATH", "/x",
                PREFIX + "S3_SECRET_ACCESS_KEY", "hush"));

    assertThat(text)
        .contains(PREFIX + "TLS_MODE=disabled\n")
        .contains(PREFIX + "LOCAL_STORAGE_PATH=/x  # " + PREFIX + "LOCAL_PATH\n")
        .contains(PREFIX + "S3_SECRET_ACCESS_KEY=***\n")
        .contains(PREFIX + "GC_MAX_AGE=168h  # default\n")
        .contains(PREFIX + "CLUSTER_PEERS=n1=127.0.0.1:8084/127.0.0.1:8083  # default\n")
        .doesNotContain("hush");
    assertThatThrownBy(() -> ConfigText.print(Map.of(PREFIX + "PORT", "x")))
        .isInstanceOf(ConfigurationException.class);
  }

  private static NodeConfig read(String... namesAndValues) throws ConfigurationException {
    return NodeConfig.read(environment(namesAndValues));
  }

  private static List<String> problemsOf(String... namesAndValues) {
    return problemsOf(environment(namesAndValues));
  }

  private static List<String> problemsOf(Map<String, String> environment) {
    ConfigurationException refusal =
        catchThrowableOfType(ConfigurationException.class, () -> NodeConfig.read(environment));
    assertThat(refusal).as("refusal of %s", environment).isNotNull();
    return refusal.problems();
  }

  private static Map<String, String> environment(String... namesAndValues) {
    Map<String, String> environment = new HashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      environment.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return prefixed(environment);
  }

  private static Map<String, String> prefixed(Map<String, String> environment) {
    Map<String, String> prefixed = new HashMap<>();
    environment.forEach((name, value) -> prefixed.put(PREFIX + name, value));
    return prefixed;
  }
}
