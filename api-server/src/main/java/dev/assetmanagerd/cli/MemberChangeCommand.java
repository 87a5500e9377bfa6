package dev.assetmanagerd.cli;

import com.google.protobuf.Message;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc;
import dev.assetmanagerd.cluster.v1.ClusterServiceGrpc.ClusterServiceBlockingStub;
import io.grpc.Channel;
import java.io.IOException;
import java.time.Duration;

/** What the commands that change the members have in common: they may take long. */
abstract class MemberChangeCommand extends RemoteCommand {
  /** A new member has to be sent everything there is. */
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  @Override
  final Duration defaultTimeout() {
    return TIMEOUT;
  }

  final ClusterServiceBlockingStub cluster(Channel channel, NodeClient client) {
    return ClusterServiceGrpc.newBlockingStub(channel).withDeadline(client.deadline());
  }

  /** Prints a response, or for people the sentence. */
  final int done(Message response, String sentence) throws IOException {
    if (json()) {
      printJson(response);
    } else {
      out().println(sentence);
    }
    return ExitCodes.OK;
  }
}
