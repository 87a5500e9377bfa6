package dev.assetmanagerd.server;

import dev.assetmanagerd.config.ConfigurationException;
import dev.assetmanagerd.config.HostPort;
import dev.assetmanagerd.config.JoinAs;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.config.ProcessEnvironment;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** What is done to the node of this host while it does not run. */
@Command(
    name = "node",
    mixinStandardHelpOptions = true,
    description = "Repairs the node of this host, configured like \"serve\".",
    synopsisSubcommandLabel = "COMMAND")
final class NodeCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Without a sub-command there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "node needs a command");
  }

  /** What a node may come back as. */
  enum Role {
    voter(JoinAs.VOTER),
    listener(JoinAs.LISTENER);

    private final JoinAs as;

    Role(JoinAs as) {
      this.as = as;
    }
  }

  static final class Address implements ITypeConverter<HostPort> {
    @Override
    public HostPort convert(String value) {
      try {
        return HostPort.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException("'" + value + "' is not host:port");
      }
    }
  }

  @Command(
      name = "rebuild",
      mixinStandardHelpOptions = true,
      description = {
        "Lets this node come back from the others when its data are damaged or lost.",
        "The node must not run. Its membership is ended, its data are set aside, and its next start"
            + " joins the cluster again. Needs a majority of the other members."
      })
  int rebuild(
      @Option(
              names = "--member",
              paramLabel = "HOST:PORT",
              converter = Address.class,
              description =
                  "API of a member to ask, beside those of CLUSTER_JOIN and CLUSTER_PEERS; may be"
                      + " repeated.")
          @Nullable List<HostPort> members,
      @Option(
              names = "--as",
              paramLabel = "ROLE",
              description =
                  "What the node is to be: ${COMPLETION-CANDIDATES}. Default: what it was.")
          @Nullable Role role) {
    NodeConfig config;
    try {
      config = NodeConfig.read(ProcessEnvironment.variables());
    } catch (ConfigurationException e) {
      e.problems().forEach(problem -> err().println("assetmanagerd: " + problem));
      return Main.EXIT_REFUSED;
    }
    try (DataDirectoryLock lock = DataDirectoryLock.take(config);
        NodeSecurity security = NodeSecurity.open(config)) {
      lock.requireHeld();
      new NodeRebuild(config, security.toNodes(), Clock.systemUTC(), out()::println)
          .run(
              members == null ? List.of() : new ArrayList<>(members),
              Optional.ofNullable(role).map(chosen -> chosen.as));
      out().flush();
      return 0;
    } catch (StartException | IOException e) {
      err().println("assetmanagerd: not rebuilt: " + e.getMessage());
      return Main.EXIT_FAILED;
    }
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }
}
