package dev.assetmanagerd.clustertests.bench;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.ChildProcess;
import dev.assetmanagerd.clustertests.etcd.MaintenanceGrpc;
import dev.assetmanagerd.clustertests.etcd.StatusRequest;
import dev.assetmanagerd.clustertests.etcd.StatusResponse;
import dev.assetmanagerd.clustertests.network.FreePorts;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Three etcd servers on loopback with their defaults, which means fsync on: the yardstick. */
final class EtcdCluster implements AutoCloseable {
  private static final int MEMBERS = 3;

  private final FreePorts ports;
  private final List<ChildProcess> processes = new ArrayList<>();
  private final List<String> addresses = new ArrayList<>();

  private EtcdCluster(FreePorts ports) {
    this.ports = ports;
  }

  /** The etcd binary, where there is one on this machine. */
  static Optional<Path> binary() {
    return Stream.of(System.getenv("PATH").split(":", -1))
        .map(directory -> Path.of(directory, "etcd"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Starts three members and waits until one leads. */
  static EtcdCluster start(Path binary, Path directory) {
    FreePorts ports = new FreePorts();
    List<Integer> client = IntStream.range(0, MEMBERS).mapToObj(i -> ports.next()).toList();
    List<Integer> peer = IntStream.range(0, MEMBERS).mapToObj(i -> ports.next()).toList();
    String members =
        IntStream.range(0, MEMBERS)
            .mapToObj(i -> "e" + i + "=http://127.0.0.1:" + peer.get(i))
            .collect(Collectors.joining(","));
    EtcdCluster cluster = new EtcdCluster(ports);
    for (int i = 0; i < MEMBERS; i++) {
      String clientUrl = "http://127.0.0.1:" + client.get(i);
      String peerUrl = "http://127.0.0.1:" + peer.get(i);
      List<String> command =
          List.of(
              binary.toString(),
              "--name=e" + i,
              "--data-dir=" + directory.resolve("e" + i),
              "--listen-client-urls=" + clientUrl,
              "--advertise-client-urls=" + clientUrl,
              "--listen-peer-urls=" + peerUrl,
              "--initial-advertise-peer-urls=" + peerUrl,
              "--initial-cluster=" + members,
              "--initial-cluster-state=new",
              "--logger=zap",
              "--log-level=warn");
      Path log = directory.resolve("e" + i + ".log");
      cluster.processes.add(ChildProcess.start("etcd e" + i, command, Map.of(), log));
      cluster.addresses.add("127.0.0.1:" + client.get(i));
    }
    await("etcd has a leader")
        .atMost(Duration.ofSeconds(30))
        .until(() -> cluster.findLeader().isPresent());
    return cluster;
  }

  /** {@code host:port} of the member that leads. */
  String leader() {
    return findLeader().orElseThrow(() -> new IllegalStateException("etcd has no leader"));
  }

  /** {@code host:port} of every member. */
  List<String> addresses() {
    return List.copyOf(addresses);
  }

  /** What the binary calls its version. */
  String version() {
    return status(addresses.get(0)).map(StatusResponse::getVersion).orElse("?");
  }

  private Optional<String> findLeader() {
    return addresses.stream()
        .filter(
            address ->
                status(address)
                    .filter(s -> s.getLeader() != 0)
                    .filter(s -> s.getLeader() == s.getHeader().getMemberId())
                    .isPresent())
        .findFirst();
  }

  private static Optional<StatusResponse> status(String address) {
    ManagedChannel channel = NettyChannelBuilder.forTarget(address).usePlaintext().build();
    try {
      return Optional.of(
          MaintenanceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(5, TimeUnit.SECONDS)
              .status(StatusRequest.getDefaultInstance()));
    } catch (StatusRuntimeException notYet) {
      return Optional.empty();
    } finally {
      channel.shutdownNow();
    }
  }

  @Override
  public void close() {
    processes.forEach(ChildProcess::close);
    ports.close();
  }
}
