package dev.assetmanagerd.raft;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.function.Consumer;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;

/**
 * Makes votes durable before anybody counts them. Ratis writes them to a file beside, syncs that,
 * renames it over the former one and does not sync the directory: when the power fails within some
 * seconds, the former file may be back, and the node votes once more in the same term.
 *
 * <p>Others' requests are answered after a sync; this node's vote for itself is synced by {@link
 * #keep} before it leads.
 */
final class DurableVotes implements GrpcServices.Customizer {
  private static final String VOTE = "requestVote";

  private final Path current;
  private final Consumer<Throwable> onFailure;

  /**
   * @param current the directory that Ratis keeps votes in
   * @param onFailure told when a vote cannot be made durable; the node must end then
   */
  DurableVotes(Path current, Consumer<Throwable> onFailure) {
    this.current = current;
    this.onFailure = onFailure;
  }

  /** Has Ratis's server use it; returns the parameters. */
  Parameters addTo(Parameters parameters) {
    GrpcConfigKeys.Server.setServicesCustomizer(parameters, this);
    return parameters;
  }

  /**
   * What has been voted is durable when this returns.
   *
   * @throws IllegalStateException when it is not, which has been told
   */
  void keep() {
    try {
      FilesDurable.syncDirectory(current);
    } catch (IOException | RuntimeException e) {
      var failure = new IllegalStateException("a vote cannot be kept", e);
      onFailure.accept(failure);
      throw failure;
    }
  }

  @Override
  public NettyServerBuilder customize(
      NettyServerBuilder builder, EnumSet<GrpcServices.Type> types) {
    return builder.intercept(new BeforeReplies());
  }

  private final class BeforeReplies implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      if (!VOTE.equals(call.getMethodDescriptor().getBareMethodName())) {
        return next.startCall(call, headers);
      }
      return next.startCall(
          new SimpleForwardingServerCall<>(call) {
            @Override
            public void sendMessage(R reply) {
              keep();
              super.sendMessage(reply);
            }
          },
          headers);
    }
  }
}
