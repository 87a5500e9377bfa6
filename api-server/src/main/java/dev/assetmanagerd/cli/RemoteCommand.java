package dev.assetmanagerd.cli;

import com.google.protobuf.Message;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc;
import dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.AssetManagerServiceBlockingStub;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc.LeaseServiceBlockingStub;
import dev.assetmanagerd.tls.ChannelSecurity;
import io.grpc.Channel;
import io.grpc.Deadline;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What all commands that talk to nodes have in common: where to, how long, how to print. */
@Command(
    mixinStandardHelpOptions = true,
    sortOptions = false,
    showDefaultValues = false,
    usageHelpAutoWidth = true)
abstract class RemoteCommand implements Callable<Integer> {
  /** How results are printed. */
  enum Output {
    table,
    json
  }

  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--endpoint",
      paramLabel = "HOST:PORT",
      defaultValue = "${env:ASSETMANAGERD_ENDPOINTS:-127.0.0.1:8083}",
      description = {
        "A node's API. May be given several times, or several with commas between them; the first"
            + " that answers is used.",
        "Default: the environment variable ASSETMANAGERD_ENDPOINTS, else 127.0.0.1:8083."
      })
  private List<String> endpoints = new ArrayList<>();

  @Mixin private TlsOptions tls = new TlsOptions();

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      converter = Durations.class,
      description = "How long it may take in all, such as 30s or 5m..")
  private @Nullable Duration timeout;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "table|json",
      defaultValue = "table",
      description = "How to print the result. Default: ${DEFAULT-VALUE}. Only json is stable.")
  private Output output = Output.table;

  /** Does the work, prints the result, and returns the exit code. */
  abstract int run(NodeClient client) throws IOException;

  /** How long the command may take where the caller does not say. */
  Duration defaultTimeout() {
    return DEFAULT_TIMEOUT;
  }

  @Override
  public final Integer call() {
    Duration limit = timeout == null ? defaultTimeout() : timeout;
    Deadline deadline = Deadline.after(limit.toNanos(), TimeUnit.NANOSECONDS);
    try (NodeClient client = new NodeClient(endpoints(), deadline, security())) {
      int exitCode = run(client);
      out().flush();
      return exitCode;
    } catch (CallFailedException e) {
      err().println(e.line());
      return e.exitCode();
    } catch (BadFileException e) {
      err().println("error: data_loss: " + e.getMessage());
      return ExitCodes.INTEGRITY;
    } catch (IOException e) {
      err().println("error: " + e);
      return ExitCodes.INTERNAL;
    }
  }

  private ChannelSecurity security() {
    try {
      return tls.read();
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  private List<Endpoint> endpoints() {
    List<Endpoint> all = new ArrayList<>();
    try {
      endpoints.forEach(text -> all.addAll(Endpoint.parseList(text)));
    } catch (IllegalArgumentException e) {
      throw usage("--endpoint: " + e.getMessage());
    }
    return all.isEmpty() ? List.of(Endpoint.DEFAULT) : all;
  }

  /** Ends the command with a message and the usage. */
  final ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** The seconds of an option that takes whole ones. */
  final long wholeSeconds(String option, Duration value) {
    if (value.toMillis() % 1000 != 0) {
      throw usage(option + ": " + value.toMillis() + "ms is not a whole number of seconds");
    }
    return value.toSeconds();
  }

  final AssetManagerServiceBlockingStub assets(Channel channel, NodeClient client) {
    return AssetManagerServiceGrpc.newBlockingStub(channel)
        .withDeadline(client.deadline())
        .withMaxInboundMessageSize(Limits.MAX_RESPONSE_BYTES);
  }

  final LeaseServiceBlockingStub leases(Channel channel, NodeClient client) {
    return LeaseServiceGrpc.newBlockingStub(channel)
        .withDeadline(client.deadline())
        .withMaxInboundMessageSize(Limits.MAX_RESPONSE_BYTES);
  }

  /** A duration that has to be whole seconds. */
  final long seconds(String option, Duration duration) {
    if (duration.toMillis() % 1000 != 0) {
      throw usage(option + ": " + duration.toMillis() + "ms is not a whole number of seconds");
    }
    return duration.toSeconds();
  }

  /** Says which leases were not there; returns the exit code for that. */
  final int notFound(List<String> leaseIds) {
    if (leaseIds.isEmpty()) {
      return ExitCodes.OK;
    }
    err().println("error: not_found: there is no lease " + String.join(", ", leaseIds));
    return ExitCodes.NOT_FOUND;
  }

  final boolean json() {
    return output == Output.json;
  }

  final void printJson(Message message) throws IOException {
    out().println(Json.of(message));
  }

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** Sizes that this client is prepared for. */
  static final class Limits {
    static final int MAX_RESPONSE_BYTES = 16 << 20;

    private Limits() {}
  }
}
