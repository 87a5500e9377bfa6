package dev.assetmanagerd.cli;

import java.io.IOException;
import java.util.List;

/** Reads backups that are files; how that is done is not for the command line to know. */
@FunctionalInterface
public interface BackupFiles {
  /**
   * What a backup says of itself, and what was found.
   *
   * @param id by which its cluster knows it
   * @param clusterId name of that cluster
   * @param createdAt as text
   * @param programVersion of the node that made it
   * @param formatLevel of the registry
   * @param logTerm where in the log the registry stands
   * @param logIndex where in the log the registry stands
   * @param stateHash of the registry
   * @param sizeBytes of the file
   * @param sha256 of the file
   * @param assets in it
   * @param leases in it
   * @param blobs that it refers to
   * @param blobsChecked how many were looked for
   * @param blobsMissing how many were not there
   * @param missingLocations of these, the first ones
   */
  record Contents(
      String id,
      String clusterId,
      String createdAt,
      String programVersion,
      int formatLevel,
      long logTerm,
      long logIndex,
      String stateHash,
      long sizeBytes,
      String sha256,
      long assets,
      long leases,
      long blobs,
      long blobsChecked,
      long blobsMissing,
      List<String> missingLocations) {}

  /**
   * Reads a backup from end to end as a restore would, short of restoring it.
   *
   * @param location a path or a URL
   * @param checkBlobs whether to look for its blobs in the store that the environment configures
   * @throws BadFileException when it is none, or damaged
   * @throws IOException when it cannot be read
   */
  Contents read(String location, boolean checkBlobs) throws IOException;
}
