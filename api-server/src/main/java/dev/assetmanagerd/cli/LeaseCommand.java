package dev.assetmanagerd.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lease}: the group. */
@Command(
    name = "lease",
    mixinStandardHelpOptions = true,
    description = "Takes, renews, lists and gives back leases on assets.")
final class LeaseCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "say what to do with leases");
  }
}
