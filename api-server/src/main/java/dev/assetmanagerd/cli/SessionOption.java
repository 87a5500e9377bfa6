package dev.assetmanagerd.cli;

import io.grpc.Channel;
import io.grpc.Metadata;
import picocli.CommandLine.Option;

/** The session that new leases are to live with. */
final class SessionOption {
  private static final Metadata.Key<String> SESSION =
      Metadata.Key.of("assetmanager-session", Metadata.ASCII_STRING_MARSHALLER);

  @Option(
      names = "--session",
      paramLabel = "SESSION-ID",
      description = "The lease lives as long as this session, and has no TTL of its own.")
  private String id = "";

  String id() {
    return id;
  }

  /** The channel as calls are to be made on it. */
  Channel in(Channel channel) {
    if (id.isEmpty()) {
      return channel;
    }
    Metadata headers = new Metadata();
    headers.put(SESSION, id);
    return ChangeCommand.with(channel, headers);
  }
}
