package dev.assetmanagerd.backup;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What a node does about backups.
 *
 * @param clusterId name of the cluster
 * @param lineage which of its lives this is; empty for the first
 * @param programVersion for the manifest
 * @param work a directory of this node's own, for files on their way; emptied at the start
 * @param interval from one backup on schedule to the next; zero: none
 * @param keep how many the cluster keeps in its place
 */
public record BackupOptions(
    String clusterId,
    String lineage,
    String programVersion,
    Path work,
    Duration interval,
    int keep) {
  BackupCopy.Origin origin() {
    return new BackupCopy.Origin(clusterId, lineage, programVersion);
  }

  /** The name of a backup's file. */
  String fileName(String id) {
    return "assetmanagerd-" + clusterId + "-" + id + ".tar.gz";
  }
}
