package dev.assetmanagerd.server;

import dev.assetmanagerd.config.ConfigText;
import dev.assetmanagerd.config.ConfigurationException;
import dev.assetmanagerd.config.ProcessEnvironment;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows the configuration. */
@Command(
    name = "config",
    description = "Shows the configuration.",
    synopsisSubcommandLabel = "COMMAND")
final class ConfigCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Without a sub-command there is nothing to show. */
  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "config needs a command");
  }

  @Command(
      name = "print",
      description = "Prints the values that hold and where each comes from; secrets are masked.")
  int print() {
    try {
      out().print(ConfigText.print(ProcessEnvironment.variables()));
      out().flush();
      return 0;
    } catch (ConfigurationException e) {
      e.problems().forEach(spec.commandLine().getErr()::println);
      return Main.EXIT_REFUSED;
    }
  }

  @Command(name = "reference", description = "Prints the reference page of all options, Markdown.")
  int reference() {
    out().print(ConfigText.reference());
    out().flush();
    return 0;
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
