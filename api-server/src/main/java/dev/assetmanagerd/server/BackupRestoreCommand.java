package dev.assetmanagerd.server;

import dev.assetmanagerd.backup.BackupManifest;
import dev.assetmanagerd.backup.BackupRestore;
import dev.assetmanagerd.backup.BadBackupException;
import dev.assetmanagerd.backup.BlobCheck;
import dev.assetmanagerd.config.ConfigurationException;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.config.ProcessEnvironment;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code backup restore}. Exit code 0 when the node may be started, 2 when the configuration is
 * refused, 5 when a node runs on the directory or the cluster is not the right one, 8 when the
 * backup is bad or blobs are missing, 1 in all other cases.
 */
@Command(
    name = "restore",
    mixinStandardHelpOptions = true,
    usageHelpAutoWidth = true,
    description = {
      "Lays out this node's empty data directory from a backup, so that the nodes on which the same",
      "backup is restored found the cluster anew. Needs the node's environment variables, and no",
      "running node. Restore on all members before any of them is started."
    })
final class BackupRestoreCommand implements Callable<Integer> {
  private static final int CONFLICT = 5;
  private static final int INTEGRITY = 8;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "FILE|URL",
      description = "The backup: a file, or an s3:// or file:// URL.")
  private String location = "";

  @Option(
      names = "--dry-run",
      description = "Does everything but the last step, and leaves the directory empty.")
  private boolean dryRun;

  @Option(
      names = "--check-blobs",
      description = "Refuses unless all blobs that it refers to are in the configured store.")
  private boolean checkBlobs;

  @Option(
      names = "--other-cluster",
      description = "Restores a backup of a cluster of another name than is configured here.")
  private boolean otherCluster;

  /** Why nothing was restored. */
  private static final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;
    private final int exitCode;

    Refusal(int exitCode, String message) {
      super(message);
      this.exitCode = exitCode;
    }
  }

  @Override
  public Integer call() {
    try {
      restoreLocked(configuration());
      return 0;
    } catch (Refusal e) {
      return failed(e.exitCode, e.getMessage());
    } catch (BadBackupException e) {
      return failed(INTEGRITY, location + ": " + e.getMessage());
    } catch (IOException e) {
      return failed(Main.EXIT_FAILED, e.getMessage());
    }
  }

  /** Nobody starts a node on the directory meanwhile. */
  private void restoreLocked(NodeConfig config) throws IOException, Refusal {
    DataDirectoryLock lock;
    try {
      lock = DataDirectoryLock.take(config);
    } catch (StartException e) {
      throw new Refusal(CONFLICT, String.valueOf(e.getMessage()));
    }
    try {
      restore(config);
    } finally {
      lock.close();
    }
  }

  private NodeConfig configuration() throws Refusal {
    try {
      return NodeConfig.read(ProcessEnvironment.variables());
    } catch (ConfigurationException e) {
      throw new Refusal(Main.EXIT_REFUSED, String.join("\n", e.problems()));
    }
  }

  private void restore(NodeConfig config) throws IOException, Refusal {
    try (InputStream in = Backups.open(config, location);
        BackupRestore restore = BackupRestore.begin(config.cluster().dataDirectory(), in)) {
      BackupManifest manifest = restore.backup().manifest();
      String clusterId = config.cluster().clusterId();
      if (!manifest.clusterId().equals(clusterId) && !otherCluster) {
        throw new Refusal(
            CONFLICT,
            "the backup is of cluster \"%s\", but this node is configured for \"%s\"; where that is meant, say --other-cluster"
                .formatted(manifest.clusterId(), clusterId));
      }
      if (checkBlobs) {
        requireBlobs(Backups.checkBlobs(config, restore.backup()));
      }
      describe(manifest);
      if (dryRun) {
        out().println("nothing was changed");
      } else {
        restore.finish(clusterId, config.cluster().nodeId());
        out()
            .println(
                "%s is restored for node %s, lineage %s; start it when all members are restored"
                    .formatted(
                        config.cluster().dataDirectory(),
                        config.cluster().nodeId(),
                        restore.backup().lineage()));
      }
      out().flush();
    }
  }

  private void requireBlobs(BlobCheck check) throws Refusal {
    out().println("%d blobs looked for, %d missing".formatted(check.checked(), check.missing()));
    check.locations().forEach(missing -> out().println("missing: " + missing));
    out().flush();
    if (check.missing() > 0) {
      throw new Refusal(
          INTEGRITY,
          "%d of %d blobs are not in the store".formatted(check.missing(), check.checked()));
    }
  }

  private void describe(BackupManifest manifest) {
    out()
        .println(
            "backup %s of %s, made %s by version %s: registry at index %d, %d assets, %d leases, %d blobs"
                .formatted(
                    manifest.id(),
                    manifest.clusterId(),
                    manifest.createdAt(),
                    manifest.programVersion(),
                    manifest.position().index(),
                    manifest.counts().assets(),
                    manifest.counts().leases(),
                    manifest.blobCount()));
    out().println("state hash " + manifest.stateHash());
  }

  private int failed(int exitCode, @Nullable String message) {
    spec.commandLine().getErr().println("assetmanagerd: " + message);
    return exitCode;
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
