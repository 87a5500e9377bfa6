package dev.assetmanagerd.server;

import dev.assetmanagerd.cli.CliCommands;
import dev.assetmanagerd.dev.DevCommand;
import dev.assetmanagerd.process.ProgramVersion;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The program: one command with a sub-command for everything it does. */
@Command(
    name = "assetmanagerd",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = "Keeps the assets of Firecracker hosts, replicated. Without a command: serve.",
    subcommands = {ConfigCommand.class, NodeCommand.class, CommandLine.HelpCommand.class})
public final class Main implements Callable<Integer> {
  static final int EXIT_FAILED = 1;
  static final int EXIT_REFUSED = 2;

  private Main() {}

  /** Runs the command that the arguments name, and ends the process with its exit code. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    CommandLine root =
        new CommandLine(new Main())
            .addSubcommand("serve", new ServeCommand())
            .addSubcommand("dev", new DevCommand(Main.class.getName()))
            .addSubcommand("version", new VersionCommand());
    CliCommands.addTo(root);
    Backups.addCommandsTo(root);
    return root.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          command.getErr().println("assetmanagerd: " + failure);
          return EXIT_FAILED;
        });
  }

  /** A bare {@code assetmanagerd} serves, like the daemon it replaces. */
  @Override
  public Integer call() {
    return new ServeCommand().call();
  }

  /** What {@code --version} prints. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"assetmanagerd " + ProgramVersion.text()};
    }
  }

  @Command(name = "version", description = "Prints the version.")
  private static final class VersionCommand implements Callable<Integer> {
    @CommandLine.Spec private CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

    @Override
    public Integer call() {
      if (spec != null) {
        spec.root().commandLine().printVersionHelp(spec.commandLine().getOut());
      }
      return 0;
    }
  }
}
