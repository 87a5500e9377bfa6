package dev.assetmanagerd.clustertests;

import dev.assetmanagerd.clustertests.network.Loopback;
import dev.assetmanagerd.clustertests.network.Network;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a {@link TestCluster} is started with.
 *
 * @param nodes how many, 1 or more
 * @param directory holds data, blobs and logs of all nodes; created where missing
 * @param settings variables for every node, without the product's prefix
 * @param jvmArguments for every node's JVM
 * @param failPoints whether the nodes can be made to fail at named steps
 * @param fakeTime the library by which every node gets a wall clock of its own; empty = all have
 *     the machine's
 * @param network where the nodes live; the cluster closes it
 * @param planted directory of classes that take the place of the product's own
 * @param encryption of the connections to and between the nodes
 */
public record ClusterOptions(
    int nodes,
    Path directory,
    Map<String, String> settings,
    List<String> jvmArguments,
    boolean failPoints,
    Optional<Path> fakeTime,
    Network network,
    Optional<Path> planted,
    Encryption encryption) {
  /** Many short-lived JVMs on few cores: no optimising compiler, one collector thread. */
  private static final List<String> SMALL_JVM =
      List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

  public ClusterOptions {
    if (nodes < 1) {
      throw new IllegalArgumentException("nodes must be 1 or more: " + nodes);
    }
    settings = Map.copyOf(settings);
    jvmArguments = List.copyOf(jvmArguments);
  }

  /** Where all nodes keep blobs. */
  public Path blobDirectory() {
    return directory.resolve("blobs");
  }

  /** Where all nodes may prepare files. */
  public Path jailerDirectory() {
    return directory.resolve("jailer");
  }

  /** Nodes with the product's defaults and small JVMs. */
  public static ClusterOptions of(int nodes, Path directory) {
    return new ClusterOptions(
        nodes,
        directory,
        Map.of(),
        SMALL_JVM,
        false,
        Optional.empty(),
        new Loopback(),
        Optional.empty(),
        Encryption.NONE);
  }

  /** The same with one variable more, its name without the product's prefix. */
  public ClusterOptions with(String setting, String value) {
    Map<String, String> more = new TreeMap<>(settings);
    more.put(setting, value);
    return new ClusterOptions(
        nodes, directory, more, jvmArguments, failPoints, fakeTime, network, planted, encryption);
  }

  /** The same with other JVM arguments in place of the small ones. */
  public ClusterOptions withJvm(List<String> arguments) {
    return new ClusterOptions(
        nodes,
        directory,
        settings,
        new ArrayList<>(arguments),
        failPoints,
        fakeTime,
        network,
        planted,
        encryption);
  }

  /** The same with {@link TestCluster#failAt} at work. */
  public ClusterOptions withFailPoints() {
    return new ClusterOptions(
        nodes, directory, settings, jvmArguments, true, fakeTime, network, planted, encryption);
  }

  /**
   * The same with {@link TestCluster#setWallClock} at work.
   *
   * @param library see {@link WallClock#library}
   */
  public ClusterOptions withWallClocks(Path library) {
    return new ClusterOptions(
        nodes,
        directory,
        settings,
        jvmArguments,
        failPoints,
        Optional.of(library),
        network,
        planted,
        encryption);
  }

  /** The same with nodes that live elsewhere than on loopback. */
  public ClusterOptions withNetwork(Network other) {
    return new ClusterOptions(
        nodes, directory, settings, jvmArguments, failPoints, fakeTime, other, planted, encryption);
  }

  /** The same with nodes of which some classes are others. */
  public ClusterOptions withPlanted(Path classes) {
    return new ClusterOptions(
        nodes,
        directory,
        settings,
        jvmArguments,
        failPoints,
        fakeTime,
        network,
        Optional.of(classes),
        encryption);
  }

  /** The same with connections that are secured. */
  public ClusterOptions withEncryption(Encryption other) {
    return new ClusterOptions(
        nodes, directory, settings, jvmArguments, failPoints, fakeTime, network, planted, other);
  }
}
