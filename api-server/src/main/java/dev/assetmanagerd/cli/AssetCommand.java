package dev.assetmanagerd.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code asset}: the group. */
@Command(
    name = "asset",
    mixinStandardHelpOptions = true,
    description = "Uploads, lists, leases, prepares and deletes assets.",
    footer = {
      "",
      "Exit codes: 0 done, 1 internal error, 2 wrong usage or refused value, 3 unavailable,",
      "4 not found, 5 conflict, 6 not allowed, 7 outcome unknown, 8 wrong bytes, 130 interrupted."
    })
final class AssetCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "say what to do with the asset");
  }
}
