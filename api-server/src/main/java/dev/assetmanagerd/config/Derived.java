package dev.assetmanagerd.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Values that follow from others where they are not set. */
final class Derived {
  private Derived() {}

  static List<ClusterMember> members(Values values) {
    return values
        .find(Options.CLUSTER_PEERS)
        .orElseGet(
            () -> {
              int port = values.get(Options.PORT);
              return List.of(
                  new ClusterMember(
                      values.get(Options.NODE_ID),
                      new HostPort("127.0.0.1", port + 1),
                      new HostPort("127.0.0.1", port)));
            });
  }

  static Optional<ClusterMember> self(Values values) {
    String nodeId = values.get(Options.NODE_ID);
    return members(values).stream().filter(member -> member.id().equals(nodeId)).findFirst();
  }

  static Path dataDirectory(Values values) {
    return values
        .find(Options.DATA_DIR)
        .orElseGet(() -> values.get(StorageOptions.DATABASE_PATH).resolveSibling("node"));
  }
}
