package dev.assetmanagerd.storage.blob;

/**
 * A small file of metadata that may lie beside a blob, under the blob's location with an ending of
 * its own. It is read like a blob, cannot be registered or deleted by itself, and goes with its
 * blob.
 */
public final class BlobCompanion {
  private static final String SUFFIX = ".metadata.json";

  private BlobCompanion() {}

  /** Where the companion of the blob at a location would be. */
  public static String locationOf(String blobLocation) {
    return blobLocation + SUFFIX;
  }

  /** Whether a location is one of a companion. */
  public static boolean isCompanion(String location) {
    return location.endsWith(SUFFIX);
  }
}
