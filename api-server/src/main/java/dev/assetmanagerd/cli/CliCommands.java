package dev.assetmanagerd.cli;

import picocli.CommandLine;

/** The commands of a client, to be hung into the program's command line. */
public final class CliCommands {
  private CliCommands() {}

  /**
   * Adds {@code asset}, {@code lease}, {@code session}, {@code build}, {@code gc}, {@code cluster}
   * and {@code import}. They report failures themselves, on the command line's error stream, and
   * return an exit code of {@link ExitCodes}.
   */
  public static void addTo(CommandLine root) {
    root.addSubcommand("asset", assets());
    root.addSubcommand("lease", leases());
    root.addSubcommand("session", sessions());
    root.addSubcommand("build", builds());
    root.addSubcommand("gc", garbage());
    root.addSubcommand("cluster", cluster());
    root.addSubcommand("import", new ImportCommand());
  }

  /**
   * Adds the group for backups, likewise.
   *
   * @param files reads those that are backups
   * @return the group, for what else belongs to it
   */
  public static CommandLine addBackupsTo(CommandLine root, BackupFiles files) {
    CommandLine group = backups(files);
    root.addSubcommand("backup", group);
    return group;
  }

  private static CommandLine backups(BackupFiles files) {
    return new CommandLine(new BackupCommand())
        .addSubcommand("create", new BackupCreateCommand(files))
        .addSubcommand("list", new BackupListCommand())
        .addSubcommand("verify", new BackupVerifyCommand(files))
        .addSubcommand("forget", new BackupForgetCommand());
  }

  private static CommandLine assets() {
    return new CommandLine(new AssetCommand())
        .addSubcommand("upload", new UploadCommand())
        .addSubcommand("download", new DownloadCommand())
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

  private static CommandLine leases() {
    return new CommandLine(new LeaseCommand())
        .addSubcommand("acquire", new LeaseAcquireCommand())
        .addSubcommand("renew", new LeaseRenewCommand())
        .addSubcommand("list", new LeaseListCommand())
        .addSubcommand("get", new LeaseGetCommand())
        .addSubcommand("release", new ReleaseCommand())
        .addSubcommand("release-holder", new ReleaseHolderCommand());
  }

  private static CommandLine sessions() {
    return new CommandLine(new SessionCommand())
        .addSubcommand("open", new SessionOpenCommand())
        .addSubcommand("keep", new SessionKeepCommand())
        .addSubcommand("attach", new SessionAttachCommand())
        .addSubcommand("reconcile", new ReconcileCommand())
        .addSubcommand("list", new SessionListCommand())
        .addSubcommand("close", new SessionCloseCommand());
  }

  private static CommandLine garbage() {
    return new CommandLine(new GcCommand())
        .addSubcommand("explain", new GcExplainCommand())
        .addSubcommand("sweep", new GcSweepCommand());
  }

  private static CommandLine cluster() {
    return new CommandLine(new ClusterCommand())
        .addSubcommand("status", new StatusCommand())
        .addSubcommand("members", new MembersCommand())
        .addSubcommand("add", new MemberAddCommand())
        .addSubcommand("promote", new MemberPromoteCommand())
        .addSubcommand("remove", new MemberRemoveCommand())
        .addSubcommand("replace", new MemberReplaceCommand())
        .addSubcommand("transfer", new TransferCommand())
        .addSubcommand("upgrade", new UpgradeCommand())
        .addSubcommand("check", new CheckCommand());
  }
}
