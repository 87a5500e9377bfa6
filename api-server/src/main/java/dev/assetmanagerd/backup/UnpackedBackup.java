package dev.assetmanagerd.backup;

import dev.assetmanagerd.registry.RegistryDatabase;
import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.registry.RegistryView;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * A backup whose bytes are what they were when it was written.
 *
 * @param manifest what it says of itself
 * @param manifestSha256 of the bytes of that; no two backups have the same
 * @param registry the unpacked registry
 * @param blobs the unpacked list of blobs, for {@link BlobList#read}
 */
public record UnpackedBackup(
    BackupManifest manifest, String manifestSha256, Path registry, Path blobs) {
  private static final int LINEAGE_DIGITS = 16;

  /** The lineage of clusters that are restored from it. */
  public String lineage() {
    return "restored-" + manifestSha256.substring(0, LINEAGE_DIGITS);
  }

  /**
   * Opens the registry as a node would and looks whether it is in order, and is the one that the
   * manifest describes. Reads all of it.
   *
   * @throws BadBackupException saying what is wrong
   */
  void verifyRegistry() throws IOException {
    try {
      RegistryDatabase.verify(registry);
      RegistryDatabase.inspect(
          registry,
          view -> {
            compare(view);
            return view.applied();
          });
    } catch (RegistryException e) {
      throw new BadBackupException("the registry in the backup is bad: " + e.getMessage(), e);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void compare(RegistryView view) {
    try {
      same("log position", view.applied(), manifest.position());
      same("format level", view.formatLevel(), manifest.formatLevel());
      same("counts", view.counts(), manifest.counts());
      same("state hash", view.stateHash(), manifest.stateHash());
      BlobList.Written list = BlobList.write(view, OutputStream.nullOutputStream());
      same("list of blobs", list.part(), manifest.blobs());
      same("number of blobs", list.count(), manifest.blobCount());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void same(String what, Object found, Object expected) throws BadBackupException {
    if (!found.equals(expected)) {
      throw new BadBackupException(
          "the registry in the backup is not the one that %s describes: its %s is %s, not %s"
              .formatted(BackupEntries.MANIFEST, what, found, expected));
    }
  }
}
