package dev.assetmanagerd.config;

import static dev.assetmanagerd.config.OptionTypes.BOOL;
import static dev.assetmanagerd.config.OptionTypes.HOST;
import static dev.assetmanagerd.config.OptionTypes.IDENTIFIER_TYPE;
import static dev.assetmanagerd.config.OptionTypes.MEMBERS;
import static dev.assetmanagerd.config.OptionTypes.PATH;
import static dev.assetmanagerd.config.OptionTypes.TEXT;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The table of all options: the one source of names, types, defaults and descriptions. The
 * reference page is made from it.
 */
final class Options {
  static final Option<Integer> PORT =
      Option.of("PORT", OptionTypes.PORT, "8083", "Port of the API.");
  static final Option<String> ADDRESS =
      Option.of("ADDRESS", HOST, "0.0.0.0", "Address that the API listens on.");
  static final Option<Duration> SHUTDOWN_TIMEOUT =
      Option.of(
          "SHUTDOWN_TIMEOUT",
          Durations.POSITIVE,
          "30s",
          "How long calls in flight may take to finish when the node is told to stop.");
  static final Option<LogLevel> LOG_LEVEL =
      Option.of(
          "LOG_LEVEL",
          OptionTypes.choice(LogLevel.class),
          "info",
          "What the program writes to standard error.");

  static final Option<String> NODE_ID =
      Option.of("NODE_ID", IDENTIFIER_TYPE, "n1", "Which member of CLUSTER_PEERS this node is.");
  static final Option<String> CLUSTER_ID =
      Option.of(
          "CLUSTER_ID",
          IDENTIFIER_TYPE,
          "assetmanagerd",
          "Name of the cluster; nodes and data of another one are refused.");
  static final Option<List<ClusterMember>> CLUSTER_PEERS =
      Option.of(
          "CLUSTER_PEERS",
          MEMBERS,
          null,
          "The members that found the cluster, this node included:"
              + " `n1=raftHost:raftPort/apiHost:apiPort,n2=…`. The same on each of them, and all have to"
              + " be started for the cluster to begin; of no effect"
              + " later, but for this node's own addresses. Not set: this node alone, on 127.0.0.1,"
              + " Raft on PORT + 1.");
  static final Option<List<HostPort>> CLUSTER_JOIN =
      Option.of(
          "CLUSTER_JOIN",
          OptionTypes.HOST_PORTS,
          null,
          "APIs of members, `host:port,…`, of a cluster that this node is to be added to. It counts"
              + " while the node has no data; of CLUSTER_PEERS only this node's own entry does then.");
  static final Option<JoinAs> CLUSTER_JOIN_AS =
      Option.of(
          "CLUSTER_JOIN_AS",
          OptionTypes.choice(JoinAs.class),
          "listener",
          "What the node asks those members to be: a listener, which serves and does not vote; a"
              + " voter; or none: it waits for `cluster add`.");
  static final Option<Boolean> AUTO_REBUILD =
      Option.of(
          "AUTO_REBUILD",
          OptionTypes.BOOL,
          "true",
          "Whether a node whose data were found to differ from the other replicas' is rebuilt from"
              + " them at its next start, at most once a day. Otherwise it stays down until"
              + " `node rebuild`.");
  static final Option<String> RAFT_ADDRESS =
      Option.of(
          "RAFT_ADDRESS",
          HOST,
          null,
          "Address that Raft listens on. Not set: the Raft host of this node in CLUSTER_PEERS.");
  static final Option<Path> DATA_DIR =
      Option.of(
          "DATA_DIR",
          PATH,
          null,
          "Holds the Raft log and the registry; one file system. Not set: `node` beside the file of"
              + " DATABASE_PATH.");
  static final Option<Duration> ELECTION_TIMEOUT_MIN =
      Option.of(
          "ELECTION_TIMEOUT_MIN",
          Durations.POSITIVE,
          "1s",
          "A follower waits at least this long without a leader before it stands for election.");
  static final Option<Duration> ELECTION_TIMEOUT_MAX =
      Option.of(
          "ELECTION_TIMEOUT_MAX",
          Durations.POSITIVE,
          "2s",
          "The longest single wait; a leader's death is noticed within two of them.");
  static final Option<Long> SNAPSHOT_THRESHOLD =
      Option.of(
          "SNAPSHOT_THRESHOLD",
          OptionTypes.number("entries", 1, Long.MAX_VALUE),
          "100000",
          "Log entries applied since the last snapshot that make the next one due.");
  static final Option<Duration> REPLICA_CHECK_INTERVAL =
      Option.of(
          "REPLICA_CHECK_INTERVAL",
          Durations.ZERO_OR_MORE,
          "1h",
          "How often the leader compares the replicas of all nodes; a node that differs from the"
              + " majority stops. `0s`: never.");

  static final Option<Duration> LEASE_DEFAULT_TTL =
      Option.of(
          "LEASE_DEFAULT_TTL",
          Durations.WHOLE_SECONDS,
          "0s",
          "How long a lease lives whose caller named no TTL. `0s`: until it is released.");
  static final Option<Duration> LEASE_MAX_TTL =
      Option.of(
          "LEASE_MAX_TTL",
          Durations.WHOLE_SECONDS,
          "0s",
          "Longest TTL of a lease, and of a session with its grace; more is refused, and so are leases"
              + " that never expire. `0s`: no limit.");
  static final Option<Duration> SESSION_DEFAULT_TTL =
      Option.of(
          "SESSION_DEFAULT_TTL",
          Durations.POSITIVE,
          "30s",
          "How long the session of a host lives without being kept, where the host does not say.");
  static final Option<Duration> SESSION_DEFAULT_GRACE =
      Option.of(
          "SESSION_DEFAULT_GRACE",
          Durations.ZERO_OR_MORE,
          "60s",
          "How long the leases of a session outlive it, where the host does not say.");

  static final Option<Boolean> GC_ENABLED =
      Option.of(
          "GC_ENABLED",
          BOOL,
          "true",
          "Whether the leader collects garbage and sweeps the store by itself.");
  static final Option<Duration> GC_INTERVAL =
      Option.of("GC_INTERVAL", Durations.POSITIVE, "1h", "How often it collects garbage.");
  static final Option<Duration> GC_MAX_AGE =
      Option.of(
          "GC_MAX_AGE",
          Durations.POSITIVE,
          "168h",
          "Assets that nobody holds and nobody used for this long are garbage.");
  static final Option<Integer> GC_RATE_LIMIT =
      Option.of(
          "GC_RATE_LIMIT",
          OptionTypes.integer("number", 1, 1_000_000),
          "1000",
          "Most assets per second that are marked as garbage, and most blobs per second that are"
              + " deleted.");
  static final Option<Duration> GC_SWEEP_INTERVAL =
      Option.of(
          "GC_SWEEP_INTERVAL",
          Durations.POSITIVE,
          "24h",
          "How often the leader compares store and registry.");
  static final Option<Duration> GC_ORPHAN_AGE =
      Option.of(
          "GC_ORPHAN_AGE",
          Durations.POSITIVE,
          "24h",
          "Blobs without a record that are older than this are deleted.");
  static final Option<Duration> GC_UPLOAD_GRACE =
      Option.of(
          "GC_UPLOAD_GRACE",
          Durations.POSITIVE,
          "10m",
          "How long a blob that is being stored is kept for its upload to register it. What a node"
              + " that died leaves behind is an orphan after this.");

  static final Option<TlsMode> TLS_MODE =
      Option.of(
          "TLS_MODE",
          OptionTypes.choice(TlsMode.class),
          "spiffe",
          "How the API, the connections between nodes and those to builderd are secured: `file`, mutual"
              + " TLS with the three files below; or `disabled`, plain text. This version refuses to"
              + " start with `spiffe`, rather than to fall back to plain text.");
  static final Option<Path> TLS_CERT_FILE =
      Option.of(
          "TLS_CERT_FILE",
          PATH,
          null,
          "Certificate of this node, then those between it and the authority, PEM. This and the two"
              + " files below are read anew when they change.");
  static final Option<Path> TLS_KEY_FILE =
      Option.of(
          "TLS_KEY_FILE",
          PATH,
          null,
          "Its private key, RSA or EC, PEM, without a passphrase; refused when open to every user"
              + " of the host.");
  static final Option<Path> TLS_CA_FILE =
      Option.of(
          "TLS_CA_FILE",
          PATH,
          null,
          "Authorities, PEM: whose certificates nodes, clients and builderd have to have.");
  static final Option<List<String>> TLS_PEER_NAMES =
      Option.of(
          "TLS_PEER_NAMES",
          OptionTypes.PEER_NAMES,
          null,
          "Names that tell nodes from other clients with certificates of the same authority; a"
              + " node's certificate has one of them among its alternative names. Needed where there"
              + " are other nodes. The same on all.");
  static final Option<String> TLS_MIN_VERSION =
      Option.of(
          "TLS_MIN_VERSION",
          OptionTypes.TLS_VERSION,
          "1.3",
          "Oldest version of TLS that is spoken.");
  static final Option<Path> SPIFFE_SOCKET =
      Option.of(
              "SPIFFE_SOCKET",
              PATH,
              "/var/lib/spire/agent/agent.sock",
              "Socket of the SPIFFE workload API.")
          .withoutEffectYet();

  static final Option<Boolean> BUILDERD_ENABLED =
      Option.of(
          "BUILDERD_ENABLED",
          BOOL,
          "true",
          "Whether images that a query with automatic build does not find are built.");
  static final Option<URI> BUILDERD_ENDPOINT =
      Option.of(
          "BUILDERD_ENDPOINT",
          OptionTypes.URL,
          "https://localhost:8082",
          "Where builderd is, as the leader reaches it; every node may come to lead.");
  static final Option<Duration> BUILDERD_TIMEOUT =
      Option.of(
          "BUILDERD_TIMEOUT",
          Durations.POSITIVE,
          "30m",
          "How long a build may take in all, from the first request for it.");
  static final Option<Boolean> BUILDERD_AUTO_REGISTER =
      Option.of(
          "BUILDERD_AUTO_REGISTER",
          BOOL,
          "true",
          "Whether builderd uploads what it has built; if not, the leader registers the artifact,"
              + " which builderd has to leave in the blob store.");
  static final Option<Integer> BUILDERD_MAX_RETRIES =
      Option.of(
          "BUILDERD_MAX_RETRIES",
          OptionTypes.integer("number", 0, 100),
          "3",
          "How often a build is asked for again that builderd did not take, or lost.");
  static final Option<Duration> BUILDERD_RETRY_DELAY =
      Option.of(
          "BUILDERD_RETRY_DELAY",
          Durations.ZERO_OR_MORE,
          "5s",
          "Pause before the first retry; doubled for each further one.");
  static final Option<Duration> BUILDERD_POLL_INTERVAL =
      Option.of(
          "BUILDERD_POLL_INTERVAL",
          Durations.POSITIVE,
          "2s",
          "How often builderd is asked how far a build is.");
  static final Option<Duration> BUILDERD_START_GRACE =
      Option.of(
          "BUILDERD_START_GRACE",
          Durations.POSITIVE,
          "60s",
          "How long the result of a build is waited for, of which it is not known whether builderd"
              + " took it, before builderd is asked again.");
  static final Option<Duration> BUILDERD_FAILURE_TTL =
      Option.of(
          "BUILDERD_FAILURE_TTL",
          Durations.POSITIVE,
          "30s",
          "How long a failed build is the answer before it is tried anew; doubled for each failure"
              + " in a row, up to 1h.");

  static final Option<Boolean> OTEL_ENABLED =
      Option.of("OTEL_ENABLED", BOOL, "true", "Whether traces are exported.").withoutEffectYet();
  static final Option<String> OTEL_SERVICE_NAME =
      Option.of("OTEL_SERVICE_NAME", TEXT, "assetmanagerd", "Name of the service in traces.")
          .withoutEffectYet();
  static final Option<String> OTEL_SERVICE_VERSION =
      Option.of("OTEL_SERVICE_VERSION", TEXT, null, "Not set: the version of the program.")
          .withoutEffectYet();
  static final Option<String> OTEL_ENDPOINT =
      Option.of("OTEL_ENDPOINT", TEXT, "localhost:4318", "OTLP over HTTP, host:port or URL.")
          .withoutEffectYet();
  static final Option<Double> OTEL_SAMPLING_RATE =
      Option.of("OTEL_SAMPLING_RATE", OptionTypes.fraction(), "1.0", "Share of calls traced.")
          .withoutEffectYet();
  static final Option<Boolean> OTEL_PROMETHEUS_ENABLED =
      Option.of(
          "OTEL_PROMETHEUS_ENABLED",
          BOOL,
          "true",
          "Whether /metrics and the health pages are served on a port of their own.");
  static final Option<Integer> OTEL_PROMETHEUS_PORT =
      Option.of("OTEL_PROMETHEUS_PORT", OptionTypes.PORT, "9467", "That port.");
  static final Option<String> OTEL_PROMETHEUS_INTERFACE =
      Option.of("OTEL_PROMETHEUS_INTERFACE", HOST, "127.0.0.1", "Address of that port.");

  /** The table, in the order of the reference page. */
  static final List<OptionGroup> GROUPS =
      List.of(
          new OptionGroup("Server", List.of(PORT, ADDRESS, SHUTDOWN_TIMEOUT, LOG_LEVEL)),
          new OptionGroup(
              "Cluster",
              List.of(
                  NODE_ID,
                  CLUSTER_ID,
                  CLUSTER_PEERS,
                  CLUSTER_JOIN,
                  CLUSTER_JOIN_AS,
                  AUTO_REBUILD,
                  RAFT_ADDRESS,
                  DATA_DIR,
                  ELECTION_TIMEOUT_MIN,
                  ELECTION_TIMEOUT_MAX,
                  SNAPSHOT_THRESHOLD,
                  REPLICA_CHECK_INTERVAL)),
          new OptionGroup("Storage", StorageOptions.ALL),
          new OptionGroup("S3", S3Options.ALL),
          new OptionGroup("Preparing VM directories", PrepareOptions.ALL),
          new OptionGroup(
              "Leases and sessions",
              List.of(
                  LEASE_DEFAULT_TTL, LEASE_MAX_TTL, SESSION_DEFAULT_TTL, SESSION_DEFAULT_GRACE)),
          new OptionGroup(
              "Garbage collection",
              List.of(
                  GC_ENABLED,
                  GC_INTERVAL,
                  GC_MAX_AGE,
                  GC_RATE_LIMIT,
                  GC_SWEEP_INTERVAL,
                  GC_ORPHAN_AGE,
                  GC_UPLOAD_GRACE)),
          new OptionGroup("Backups", BackupOptions.ALL),
          new OptionGroup(
              "Security",
              List.of(
                  TLS_MODE,
                  TLS_CERT_FILE,
                  TLS_KEY_FILE,
                  TLS_CA_FILE,
                  TLS_PEER_NAMES,
                  TLS_MIN_VERSION,
                  SPIFFE_SOCKET)),
          new OptionGroup(
              "builderd",
              List.of(
                  BUILDERD_ENABLED,
                  BUILDERD_ENDPOINT,
                  BUILDERD_TIMEOUT,
                  BUILDERD_AUTO_REGISTER,
                  BUILDERD_MAX_RETRIES,
                  BUILDERD_RETRY_DELAY,
                  BUILDERD_POLL_INTERVAL,
                  BUILDERD_START_GRACE,
                  BUILDERD_FAILURE_TTL)),
          new OptionGroup(
              "Observability",
              List.of(
                  OTEL_ENABLED,
                  OTEL_SERVICE_NAME,
                  OTEL_SERVICE_VERSION,
                  OTEL_ENDPOINT,
                  OTEL_SAMPLING_RATE,
                  OTEL_PROMETHEUS_ENABLED,
                  OTEL_PROMETHEUS_PORT,
                  OTEL_PROMETHEUS_INTERFACE)));

  /** A heading of the reference page and the options under it. */
  record OptionGroup(String title, List<Option<?>> options) {}

  private Options() {}

  static List<Option<?>> all() {
    return GROUPS.stream().<Option<?>>flatMap(group -> group.options().stream()).toList();
  }
}
