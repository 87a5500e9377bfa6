package dev.assetmanagerd.clustertests.builderd;

import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import dev.assetmanagerd.clustertests.builderd.v1.Behaviour;
import dev.assetmanagerd.connect.RpcServer;
import io.grpc.ServerInterceptors;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;

/**
 * Runs the stand-in on loopback until it is killed.
 *
 * <p>Arguments: the port, then nodes that take uploads, {@code host:port} each.
 */
public final class StandInMain {
  private static final long DEFAULT_DURATION_MILLIS = 2_000;

  private StandInMain() {}

  /** Serves until killed. */
  public static void main(String[] args) throws InterruptedException {
    if (args.length == 0) {
      System.err.println("arguments: PORT [HOST:PORT of a node ...]");
      System.exit(2);
    }
    Behaviour behaviour =
        Behaviour.newBuilder()
            .setDurationMillis(DEFAULT_DURATION_MILLIS)
            .addAllUploadTo(Arrays.asList(args).subList(1, args.length))
            .build();
    Server server = server(Integer.parseInt(args[0]), new StandInBuilds(behaviour));
    server.start().join();
    System.out.println("builderd's stand-in listens on " + server.activeLocalPort());
    new CountDownLatch(1).await();
  }

  private static Server server(int port, StandInBuilds builds) {
    RpcServer rpc =
        RpcServer.builder()
            .addService(
                ServerInterceptors.intercept(
                    new StandInService(builds).bindService(), new RequestKeys()))
            .addService(new StandInControlService(builds).bindService())
            .build();
    ServerBuilder server =
        Server.builder().http(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    rpc.bindTo(server);
    return server.build();
  }
}
