package dev.assetmanagerd.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code cluster}: the group. */
@Command(
    name = "cluster",
    mixinStandardHelpOptions = true,
    description = "Shows how the cluster is, changes its members, and moves its leadership.")
final class ClusterCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "say what to do with the cluster");
  }
}
