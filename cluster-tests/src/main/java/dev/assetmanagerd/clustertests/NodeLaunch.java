package dev.assetmanagerd.clustertests;

import dev.assetmanagerd.clustertests.network.Host;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** How the program is run for each node: its command line and its variables. Thread-safe. */
final class NodeLaunch {
  static final String PREFIX = "UNKEY_ASSETMANAGERD_";

  private final ClusterOptions options;
  private final List<Node> founders;
  private final List<Node> joiners = new CopyOnWriteArrayList<>();
  private final Map<String, String> joinAs = new ConcurrentHashMap<>();

  NodeLaunch(ClusterOptions options, List<Node> founders) {
    this.options = options;
    this.founders = List.copyOf(founders);
  }

  /** A node that is to join when it starts. */
  void joins(Node node, String as) {
    joinAs.put(node.id(), as);
    joiners.add(node);
  }

  /** A node that no other one shall ask any more. */
  void forget(Node node) {
    joiners.remove(node);
  }

  /** Runs a node. */
  List<String> serve(Node node) {
    List<String> before = new ArrayList<>(options.jvmArguments());
    if (options.failPoints()) {
      before.add("-Dassetmanagerd.failpoints=" + node.failPoints().create());
    }
    if (options.fakeTime().isPresent()) {
      before.add("-XX:-UsePerfData"); // its files would be stamped with times of the future
    }
    return program(node.host(), before, List.of("serve"));
  }

  /** Runs another command of the program where a node runs. */
  List<String> command(Node node, List<String> arguments) {
    return program(node.host(), options.jvmArguments(), arguments);
  }

  private List<String> program(Host host, List<String> jvm, List<String> arguments) {
    List<String> command = new ArrayList<>(host.enter());
    command.add(ProductProgram.java());
    command.addAll(ProductProgram.jvmArguments());
    command.addAll(jvm);
    String planted = options.planted().map(classes -> classes + File.pathSeparator).orElse("");
    command.addAll(List.of("-cp", planted + ProductProgram.classPath(), ProductProgram.MAIN));
    command.addAll(arguments);
    return command;
  }

  /** The variables of a node. */
  Map<String, String> environment(Node node) {
    Map<String, String> settings = new TreeMap<>();
    settings.put("PORT", Integer.toString(node.apiPort()));
    settings.put("ADDRESS", node.host().address());
    settings.put("RAFT_ADDRESS", node.host().address());
    settings.put("NODE_ID", node.id());
    settings.put("CLUSTER_ID", "cluster-tests");
    settings.putAll(membership(node));
    settings.put("DATA_DIR", node.dataDirectory().toString());
    settings.put("DATABASE_PATH", node.directory().resolve("assets.db").toString());
    settings.put("CACHE_DIR", node.directory().resolve("cache").toString());
    settings.put("STORAGE_BACKEND", "local");
    settings.put("LOCAL_STORAGE_PATH", options.blobDirectory().toString());
    settings.put("PREPARE_ROOTS", options.jailerDirectory().toString());
    settings.putAll(options.encryption().settings(node.id()));
    settings.put("OTEL_ENABLED", "false");
    settings.put("OTEL_PROMETHEUS_PORT", Integer.toString(node.metricsPort()));
    settings.put("BUILDERD_ENABLED", "false");
    settings.putAll(options.settings());
    Map<String, String> environment = new TreeMap<>();
    settings.forEach((name, value) -> environment.put(PREFIX + name, value));
    options
        .fakeTime()
        .ifPresent(library -> environment.putAll(node.wallClock().environment(library)));
    return environment;
  }

  private Map<String, String> membership(Node node) {
    String as = joinAs.get(node.id());
    if (as == null) {
      return Map.of(
          "CLUSTER_PEERS", founders.stream().map(Node::peerEntry).collect(Collectors.joining(",")));
    }
    return Map.of(
        "CLUSTER_PEERS",
        node.peerEntry(),
        "CLUSTER_JOIN_AS",
        as,
        "CLUSTER_JOIN",
        Stream.concat(founders.stream(), joiners.stream())
            .filter(other -> !other.equals(node))
            .map(Node::apiAddress)
            .collect(Collectors.joining(",")));
  }
}
