package dev.assetmanagerd.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/** What has to hold between options, and what this version cannot do. */
final class Rules {
  /**
   * One rule.
   *
   * @param options it is checked only when the texts of all these were good
   * @param problems a sentence for each way in which the values break it
   */
  private record Rule(List<Option<?>> options, Function<Values, Stream<String>> problems) {}

  private static final List<Option<?>> MEMBERSHIP =
      List.of(Options.PORT, Options.NODE_ID, Options.CLUSTER_PEERS);

  private static final List<Rule> ALL =
      List.of(
          new Rule(
              List.of(
                  Options.TLS_MODE,
                  Options.TLS_CERT_FILE,
                  Options.TLS_KEY_FILE,
                  Options.TLS_CA_FILE),
              TlsRules::mode),
          new Rule(
              List.of(
                  Options.TLS_MODE,
                  Options.TLS_PEER_NAMES,
                  Options.PORT,
                  Options.NODE_ID,
                  Options.CLUSTER_PEERS,
                  Options.CLUSTER_JOIN),
              TlsRules::names),
          new Rule(
              List.of(StorageOptions.STORAGE_BACKEND, StorageOptions.NFS_PATH), StorageRules::nfs),
          new Rule(StorageRules.S3, StorageRules::s3),
          new Rule(StorageRules.KEYS, StorageRules::keys),
          new Rule(
              List.of(
                  StorageOptions.STORAGE_BACKEND,
                  StorageOptions.HTTP_SOURCE_HOSTS,
                  StorageOptions.MAX_ASSET_SIZE,
                  StorageOptions.MAX_CACHE_SIZE),
              StorageRules::sizes),
          new Rule(MEMBERSHIP, Rules::self),
          new Rule(MEMBERSHIP, Rules::apiPort),
          new Rule(MEMBERSHIP, Rules::members),
          new Rule(
              List.of(
                  Options.PORT,
                  Options.NODE_ID,
                  Options.CLUSTER_PEERS,
                  Options.OTEL_PROMETHEUS_ENABLED,
                  Options.OTEL_PROMETHEUS_PORT),
              Rules::ports),
          new Rule(
              List.of(Options.ELECTION_TIMEOUT_MIN, Options.ELECTION_TIMEOUT_MAX),
              Rules::electionTimeouts),
          new Rule(
              List.of(
                  Options.LEASE_DEFAULT_TTL,
                  Options.LEASE_MAX_TTL,
                  Options.SESSION_DEFAULT_TTL,
                  Options.SESSION_DEFAULT_GRACE),
              Rules::leases),
          new Rule(
              List.of(
                  StorageOptions.STORAGE_BACKEND,
                  StorageOptions.LOCAL_STORAGE_PATH,
                  StorageOptions.NFS_PATH,
                  StorageOptions.CACHE_DIR,
                  StorageOptions.DATABASE_PATH,
                  Options.DATA_DIR,
                  BackupOptions.BACKUP_LOCATION,
                  PrepareOptions.PREPARE_ROOTS),
              Rules::directories));

  private Rules() {}

  /** A sentence for each rule that is broken. */
  static List<String> problems(Values values) {
    return ALL.stream()
        .filter(rule -> !values.broken(rule.options()))
        .flatMap(rule -> rule.problems().apply(values))
        .toList();
  }

  private static Stream<String> self(Values values) {
    String nodeId = values.get(Options.NODE_ID);
    List<String> ids = Derived.members(values).stream().map(ClusterMember::id).toList();
    return ids.contains(nodeId)
        ? Stream.empty()
        : Stream.of(
            "%s is %s, which is not one of the members in %s: %s"
                .formatted(
                    Options.NODE_ID.variable(),
                    nodeId,
                    Options.CLUSTER_PEERS.variable(),
                    String.join(", ", ids)));
  }

  private static Stream<String> apiPort(Values values) {
    int port = values.get(Options.PORT);
    return Derived.self(values).stream()
        .filter(self -> self.api().port() != port)
        .map(
            self ->
                "%s says that the API of %s is at %s, but %s is %d: the others would not reach it"
                    .formatted(
                        Options.CLUSTER_PEERS.variable(),
                        self.id(),
                        self.api(),
                        Options.PORT.variable(),
                        port));
  }

  private static Stream<String> members(Values values) {
    List<ClusterMember> members = Derived.members(values);
    List<String> problems = new ArrayList<>();
    Map<String, String> owners = new HashMap<>();
    for (ClusterMember member : members) {
      if (owners.put(member.id(), member.id()) != null) {
        problems.add("%s names %s twice".formatted(Options.CLUSTER_PEERS.variable(), member.id()));
      }
      for (HostPort address : List.of(member.raft(), member.api())) {
        if (owners.put(address.toString(), member.id()) != null) {
          problems.add(
              "%s uses the address %s twice".formatted(Options.CLUSTER_PEERS.variable(), address));
        }
      }
    }
    return problems.stream();
  }

  private static Stream<String> ports(Values values) {
    Map<String, Integer> ports = new LinkedHashMap<>();
    ports.put(Options.PORT.variable(), values.get(Options.PORT));
    Derived.self(values)
        .ifPresent(
            self ->
                ports.put(
                    "the Raft port of " + self.id() + " in " + Options.CLUSTER_PEERS.variable(),
                    self.raft().port()));
    if (values.get(Options.OTEL_PROMETHEUS_ENABLED)) {
      ports.put(Options.OTEL_PROMETHEUS_PORT.variable(), values.get(Options.OTEL_PROMETHEUS_PORT));
    }
    return pairs(List.copyOf(ports.entrySet())).stream()
        .filter(pair -> pair.first().getValue().equals(pair.second().getValue()))
        .map(
            pair ->
                "%s and %s are both %d"
                    .formatted(
                        pair.first().getKey(), pair.second().getKey(), pair.first().getValue()));
  }

  /** A default that is refused where it is used would be no default. */
  private static Stream<String> leases(Values values) {
    Duration max = values.get(Options.LEASE_MAX_TTL);
    if (max.isZero()) {
      return Stream.empty();
    }
    List<String> problems = new ArrayList<>();
    Duration lease = values.get(Options.LEASE_DEFAULT_TTL);
    String limit = Options.LEASE_MAX_TTL.variable() + " (" + Durations.format(max) + ")";
    if (lease.compareTo(max) > 0) {
      problems.add(
          "%s (%s) has to be at most %s"
              .formatted(Options.LEASE_DEFAULT_TTL.variable(), Durations.format(lease), limit));
    }
    Duration ttl = values.get(Options.SESSION_DEFAULT_TTL);
    Duration grace = values.get(Options.SESSION_DEFAULT_GRACE);
    if (ttl.plus(grace).compareTo(max) > 0) {
      problems.add(
          "%s (%s) and %s (%s) together have to be at most %s"
              .formatted(
                  Options.SESSION_DEFAULT_TTL.variable(),
                  Durations.format(ttl),
                  Options.SESSION_DEFAULT_GRACE.variable(),
                  Durations.format(grace),
                  limit));
    }
    return problems.stream();
  }

  private static Stream<String> electionTimeouts(Values values) {
    return values
                .get(Options.ELECTION_TIMEOUT_MIN)
                .compareTo(values.get(Options.ELECTION_TIMEOUT_MAX))
            < 0
        ? Stream.empty()
        : Stream.of(
            "%s (%s) has to be less than %s (%s)"
                .formatted(
                    Options.ELECTION_TIMEOUT_MIN.variable(),
                    Durations.format(values.get(Options.ELECTION_TIMEOUT_MIN)),
                    Options.ELECTION_TIMEOUT_MAX.variable(),
                    Durations.format(values.get(Options.ELECTION_TIMEOUT_MAX))));
  }

  /** None may lie in another: what one of them sweeps up would be the other's. */
  private static Stream<String> directories(Values values) {
    List<Map.Entry<String, Path>> directories = new ArrayList<>();
    StorageRules.root(values).ifPresent(directories::add);
    directories.add(
        Map.entry(StorageOptions.CACHE_DIR.variable(), values.get(StorageOptions.CACHE_DIR)));
    directories.add(Map.entry(Options.DATA_DIR.variable(), Derived.dataDirectory(values)));
    values
        .find(BackupOptions.BACKUP_LOCATION)
        .flatMap(BackupLocation::directory)
        .ifPresent(
            path -> directories.add(Map.entry(BackupOptions.BACKUP_LOCATION.variable(), path)));
    for (Path root : values.get(PrepareOptions.PREPARE_ROOTS)) {
      directories.add(Map.entry(PrepareOptions.PREPARE_ROOTS.variable(), root));
    }
    return pairs(directories).stream()
        .filter(pair -> overlap(pair.first().getValue(), pair.second().getValue()))
        .map(
            pair ->
                "%s (%s) and %s (%s) have to be different directories, and neither within the other"
                    .formatted(
                        pair.first().getKey(),
                        pair.first().getValue(),
                        pair.second().getKey(),
                        pair.second().getValue()));
  }

  private static boolean overlap(Path one, Path other) {
    return one.startsWith(other) || other.startsWith(one);
  }

  private record Pair<T>(T first, T second) {}

  private static <T> List<Pair<T>> pairs(List<T> items) {
    List<Pair<T>> pairs = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      for (int j = i + 1; j < items.size(); j++) {
        pairs.add(new Pair<>(items.get(i), items.get(j)));
      }
    }
    return pairs;
  }
}
