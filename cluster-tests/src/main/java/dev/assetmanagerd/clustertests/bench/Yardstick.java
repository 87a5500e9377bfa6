package dev.assetmanagerd.clustertests.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** etcd to compare with, or nothing where it is not installed. */
final class Yardstick implements AutoCloseable {
  private final @Nullable EtcdCluster etcd;
  private final List<GrpcLoads> loads = new ArrayList<>();

  private Yardstick(@Nullable EtcdCluster etcd) {
    this.etcd = etcd;
  }

  static Yardstick start(Optional<Path> binary, Path directory) {
    return new Yardstick(binary.map(path -> EtcdCluster.start(path, directory)).orElse(null));
  }

  /** For the report. */
  String description() {
    return etcd == null
        ? "etcd is not installed (Debian: etcd-server), so nothing is compared with it"
        : "etcd " + etcd.version() + ", three members, fsync on, calls to its leader";
  }

  /** A load on etcd's leader; null where there is no etcd. */
  @Nullable Contender contender(Function<GrpcLoads, Load> load) {
    if (etcd == null) {
      return null;
    }
    GrpcLoads connections = new GrpcLoads(List.of(etcd.leader()));
    loads.add(connections);
    return new Contender("etcd, 3 members", load.apply(connections), null);
  }

  @Override
  public void close() {
    loads.forEach(GrpcLoads::close);
    if (etcd != null) {
      etcd.close();
    }
  }
}
