package dev.assetmanagerd.clustertests.builderd;

import dev.assetmanagerd.clustertests.ChildProcess;
import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.ProductProgram;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour;
import dev.assetmanagerd.clustertests.builderd.v1.ForgetBuildsRequest;
import dev.assetmanagerd.clustertests.builderd.v1.GetCountsRequest;
import dev.assetmanagerd.clustertests.builderd.v1.GetCountsResponse;
import dev.assetmanagerd.clustertests.builderd.v1.StandInControlGrpc;
import dev.assetmanagerd.clustertests.builderd.v1.StandInControlGrpc.StandInControlBlockingStub;
import dev.assetmanagerd.clustertests.network.FreePorts;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;

/** The stand-in of builderd as a process, and how a test talks to it. Not thread-safe. */
public final class BuilderdStandIn implements AutoCloseable {
  private static final Duration START_MAX = Duration.ofSeconds(30);
  private static final int CALL_MAX_SECONDS = 10;

  private final FreePorts ports;
  private final int port;
  private final ChildProcess process;
  private final ManagedChannel channel;
  private Behaviour behaviour = Behaviour.newBuilder().setDurationMillis(1_000).build();

  private BuilderdStandIn(FreePorts ports, int port, ChildProcess process) {
    this.ports = ports;
    this.port = port;
    this.process = process;
    this.channel = NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
  }

  /**
   * Starts it, and returns when it answers. Builds take a second.
   *
   * @param log what it prints is appended here
   */
  public static BuilderdStandIn start(Path log) {
    FreePorts ports = new FreePorts();
    int port = ports.next();
    List<String> command =
        List.of(
            ProductProgram.java(),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            ProductProgram.classPath(),
            StandInMain.class.getName(),
            Integer.toString(port));
    BuilderdStandIn standIn =
        new BuilderdStandIn(ports, port, ChildProcess.start("builderd", command, Map.of(), log));
    Awaitility.await("builderd's stand-in answers")
        .atMost(START_MAX)
        .ignoreExceptions()
        .until(() -> standIn.counts().getCreateCalls() == 0);
    return standIn;
  }

  /** For BUILDERD_ENDPOINT. */
  public String endpoint() {
    return "http://127.0.0.1:" + port;
  }

  /** Changes what it does from now on. */
  public void behave(UnaryOperator<Behaviour.Builder> change) {
    behaviour = change.apply(behaviour.toBuilder()).build();
    var unused = control().setBehaviour(behaviour);
  }

  /** Has it upload to these, the first of them first. */
  public void uploadTo(List<Node> nodes) {
    behave(
        now -> now.clearUploadTo().addAllUploadTo(nodes.stream().map(Node::apiAddress).toList()));
  }

  /** Its own books. */
  public GetCountsResponse counts() {
    return control().getCounts(GetCountsRequest.getDefaultInstance());
  }

  /** It does not know its builds any more. */
  public void forgetBuilds() {
    var unused = control().forgetBuilds(ForgetBuildsRequest.getDefaultInstance());
  }

  private StandInControlBlockingStub control() {
    channel.resetConnectBackoff();
    return StandInControlGrpc.newBlockingStub(channel)
        .withDeadlineAfter(CALL_MAX_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    process.close();
    ports.close();
  }
}
