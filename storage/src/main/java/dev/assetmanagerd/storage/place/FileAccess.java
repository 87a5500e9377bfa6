package dev.assetmanagerd.storage.place;

import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/**
 * Who may use the writable files of a request. Read-only ones are not concerned: behind them may be
 * an inode that all VMs share, so they are left as they are, readable by everybody.
 *
 * @param owner gets the files; empty: they stay this process's
 * @param permissions of the files, whatever the umask is
 */
public record FileAccess(Optional<FileOwner> owner, Set<PosixFilePermission> permissions) {
  /** Files of this process's that it alone may write to. */
  public static final FileAccess DEFAULT =
      new FileAccess(Optional.empty(), PosixFilePermissions.fromString("rw-r--r--"));

  public FileAccess {
    permissions = Set.copyOf(permissions);
  }
}
