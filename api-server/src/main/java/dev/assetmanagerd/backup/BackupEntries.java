package dev.assetmanagerd.backup;

/**
 * The entries of a backup, a gzipped tar archive, in their order:
 *
 * <pre>
 *   manifest.json   {@link BackupManifest}
 *   registry.db     the registry as one SQLite file
 *   blobs.jsonl     {@link BlobList}: a line for each blob that the registry refers to
 *   SHA256SUMS      of the three, in the form of sha256sum
 * </pre>
 *
 * <p>Nothing follows. Anybody can look into it with tar, sha256sum and sqlite3.
 */
final class BackupEntries {
  static final String MANIFEST = "manifest.json";
  static final String REGISTRY = "registry.db";
  static final String BLOBS = "blobs.jsonl";
  static final String SUMS = "SHA256SUMS";

  /** Far more than the first and last entry ever have. */
  static final int SMALL_ENTRY_BYTES_MAX = 64 << 10;

  private BackupEntries() {}

  /** The last entry. */
  static String sums(String manifest, String registry, String blobs) {
    return line(manifest, MANIFEST) + line(registry, REGISTRY) + line(blobs, BLOBS);
  }

  private static String line(String sha256, String name) {
    return sha256 + "  " + name + "\n";
  }
}
