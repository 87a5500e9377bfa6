package dev.assetmanagerd.cli;

import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** What all commands that change something have in common. */
abstract class ChangeCommand extends RemoteCommand {
  private static final Metadata.Key<String> IDEMPOTENCY_KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);

  @Option(
      names = "--idempotency-key",
      paramLabel = "KEY",
      description = {
        "However often the command is repeated with this key within an hour, it does its work once",
        "and prints the same. With it, the next node is asked even if the outcome is unknown."
      })
  private String idempotencyKey = "";

  final boolean hasIdempotencyKey() {
    return !idempotencyKey.isEmpty();
  }

  /** Makes the call that changes something, with the key where one was given. */
  final <T> T change(NodeClient client, Function<Channel, T> call) {
    if (idempotencyKey.isEmpty()) {
      return client.change(call);
    }
    Metadata headers = new Metadata();
    headers.put(IDEMPOTENCY_KEY, idempotencyKey);
    return client.changeOnce(channel -> call.apply(with(channel, headers)));
  }

  static Channel with(Channel channel, Metadata headers) {
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }
}
