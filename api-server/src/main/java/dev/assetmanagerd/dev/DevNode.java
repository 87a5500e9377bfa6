package dev.assetmanagerd.dev;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One node of a development cluster: where it listens and what it keeps where.
 *
 * @param number from 1
 * @param cluster directory of the whole cluster, absolute
 * @param firstApiPort API port of the first node; those of the others follow in steps of 100
 * @param firstMetricsPort the same for metrics
 * @param builderd URL of builderd; empty for no automatic builds
 */
record DevNode(
    int number, Path cluster, int firstApiPort, int firstMetricsPort, Optional<String> builderd) {
  private static final int PORT_STEP = 100;

  static List<DevNode> all(
      int count, Path cluster, int firstApiPort, int firstMetricsPort, Optional<String> builderd) {
    return IntStream.rangeClosed(1, count)
        .mapToObj(number -> new DevNode(number, cluster, firstApiPort, firstMetricsPort, builderd))
        .toList();
  }

  String id() {
    return "n" + number;
  }

  int apiPort() {
    return firstApiPort + PORT_STEP * (number - 1);
  }

  int raftPort() {
    return apiPort() + 1;
  }

  int metricsPort() {
    return firstMetricsPort + PORT_STEP * (number - 1);
  }

  /** By what they are for. */
  Map<String, Integer> ports() {
    return new TreeMap<>(Map.of("API", apiPort(), "Raft", raftPort(), "metrics", metricsPort()));
  }

  String apiUrl() {
    return "http://127.0.0.1:" + apiPort();
  }

  Path directory() {
    return cluster.resolve(id());
  }

  Path log() {
    return directory().resolve("node.log");
  }

  static Path jails(Path cluster) {
    return cluster.resolve("jails");
  }

  static Path blobs(Path cluster) {
    return cluster.resolve("blobs");
  }

  /** The node's options, by name without the prefix. */
  Map<String, String> settings(List<DevNode> all) {
    Map<String, String> settings = new TreeMap<>();
    settings.put("NODE_ID", id());
    settings.put("CLUSTER_ID", "dev");
    settings.put(
        "CLUSTER_PEERS", all.stream().map(DevNode::member).collect(Collectors.joining(",")));
    settings.put("ADDRESS", "127.0.0.1");
    settings.put("PORT", Integer.toString(apiPort()));
    settings.put("RAFT_ADDRESS", "127.0.0.1");
    settings.put("DATA_DIR", directory().resolve("data").toString());
    settings.put("DATABASE_PATH", directory().resolve("assets.db").toString());
    settings.put("STORAGE_BACKEND", "local");
    settings.put("LOCAL_STORAGE_PATH", blobs(cluster).toString());
    settings.put("PREPARE_ROOTS", jails(cluster).toString());
    settings.put("TLS_MODE", "disabled");
    settings.put("BUILDERD_ENABLED", Boolean.toString(builderd.isPresent()));
    builderd.ifPresent(url -> settings.put("BUILDERD_ENDPOINT", url));
    settings.put("OTEL_ENABLED", "false");
    settings.put("OTEL_PROMETHEUS_ENABLED", "true");
    settings.put("OTEL_PROMETHEUS_PORT", Integer.toString(metricsPort()));
    settings.put("OTEL_PROMETHEUS_INTERFACE", "127.0.0.1");
    return settings;
  }

  private String member() {
    return "%s=127.0.0.1:%d/127.0.0.1:%d".formatted(id(), raftPort(), apiPort());
  }
}
