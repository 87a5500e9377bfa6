package dev.assetmanagerd.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code session}: the group. */
@Command(
    name = "session",
    mixinStandardHelpOptions = true,
    description = "Opens, keeps, lists and closes sessions of hosts, which leases live with.")
final class SessionCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "say what to do with sessions");
  }
}
