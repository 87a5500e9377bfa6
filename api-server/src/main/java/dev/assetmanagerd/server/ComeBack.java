package dev.assetmanagerd.server;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.assetmanagerd.config.HostPort;
import dev.assetmanagerd.config.JoinAs;
import dev.assetmanagerd.config.NodeConfig;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.StreamSupport;

/**
 * The note, kept in the data directory, of how a node that is being rebuilt gets back into its
 * cluster. It overrides what is configured for joining until the node has data again.
 *
 * @param as what it was, and is to be again
 * @param members APIs of members to ask
 */
record ComeBack(JoinAs as, List<HostPort> members) {
  private static final String FILE = "rebuild.json";

  ComeBack {
    members = List.copyOf(members);
  }

  /** The note of a directory, if there is one. */
  static Optional<ComeBack> find(Path dataDirectory) throws IOException {
    Path file = dataDirectory.resolve(FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
      return Optional.of(
          new ComeBack(
              JoinAs.valueOf(json.get("as").getAsString().toUpperCase(Locale.ROOT)),
              StreamSupport.stream(json.getAsJsonArray("members").spliterator(), false)
                  .map(member -> HostPort.parse(member.getAsString()))
                  .toList()));
    } catch (JsonParseException
        | IllegalStateException
        | IllegalArgumentException
        | NullPointerException e) {
      throw new IOException(
          file + " cannot be read; \"assetmanagerd node rebuild\" makes it anew", e);
    }
  }

  /** Keeps the note; durable when this returns. */
  void write(Path dataDirectory) throws IOException {
    JsonArray addresses = new JsonArray();
    members.forEach(member -> addresses.add(member.toString()));
    JsonObject json = new JsonObject();
    json.addProperty("as", as.name().toLowerCase(Locale.ROOT));
    json.add("members", addresses);
    Path incoming = dataDirectory.resolve(FILE + ".tmp");
    Files.writeString(incoming, json + "\n");
    sync(incoming);
    Files.move(
        incoming,
        dataDirectory.resolve(FILE),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    sync(dataDirectory);
  }

  /** The node is what it was; the note has served. */
  static void forget(Path dataDirectory) throws IOException {
    Files.deleteIfExists(dataDirectory.resolve(FILE));
  }

  /** The configuration of a node that comes back: it joins, and founds nothing. */
  NodeConfig applyTo(NodeConfig config) {
    NodeConfig.Cluster cluster = config.cluster();
    List<HostPort> asked = new ArrayList<>(members);
    cluster.join().members().stream().filter(member -> !asked.contains(member)).forEach(asked::add);
    return config.withCluster(
        new NodeConfig.Cluster(
            cluster.nodeId(),
            cluster.clusterId(),
            List.of(config.self()),
            cluster.raftAddress(),
            cluster.dataDirectory(),
            cluster.electionTimeoutMin(),
            cluster.electionTimeoutMax(),
            cluster.snapshotThreshold(),
            cluster.replicaCheckInterval(),
            new NodeConfig.Join(asked, as, cluster.join().rebuild())));
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
