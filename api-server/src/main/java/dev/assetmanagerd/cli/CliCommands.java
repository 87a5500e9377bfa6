package dev.assetmanagerd.cli;

import picocli.CommandLine;

/** The commands of a client, to be hung into the program's command line. */
public final class CliCommands {
  private CliCommands() {}

  /**
   * Adds {@code asset}, {@code build}, {@code gc} and {@code cluster}. They report failures
   * themselves, on the command line's error stream, and return an exit code of {@link ExitCodes}.
   */
  public static void addTo(CommandLine root) {
    root.addSubcommand("asset", assets());
    root.addSubcommand("build", builds());
    root.addSubcommand("gc", new GcCommand());
    root.addSubcommand("cluster", cluster());
  }

  private static CommandLine assets() {
    return new CommandLine(new AssetCommand())
        .addSubcommand("upload", new UploadCommand())
        .addSubcommand("register", new RegisterCommand())
        .addSubcommand("list", new ListCommand())
        .addSubcommand("get", new GetCommand())
        .addSubcommand("acquire", new AcquireCommand())
        .addSubcommand("release", new ReleaseCommand())
        .addSubcommand("prepare", new PrepareCommand())
        .addSubcommand("delete", new DeleteCommand());
  }

  private static CommandLine builds() {
    return new CommandLine(new BuildCommand()).addSubcommand("list", new BuildListCommand());
  }

  private static CommandLine cluster() {
    return new CommandLine(new ClusterCommand())
        .addSubcommand("status", new StatusCommand())
        .addSubcommand("transfer", new TransferCommand());
  }
}
