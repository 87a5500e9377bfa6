package dev.assetmanagerd.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code backup}: the group. */
@Command(
    name = "backup",
    mixinStandardHelpOptions = true,
    description = "Makes, checks, forgets and restores backups of the registry.")
final class BackupCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "say what to do with the backups");
  }
}
