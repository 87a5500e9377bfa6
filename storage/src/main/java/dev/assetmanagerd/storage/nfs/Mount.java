package dev.assetmanagerd.storage.nfs;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * A mounted file system, as the kernel describes it.
 *
 * @param id of the mount
 * @param device its number, {@code major:minor}; the same as that of the files in it, except where
 *     a file system has several, like btrfs
 * @param mountPoint without symbolic links
 * @param type of the file system, like {@code ext4} or {@code nfs4}
 * @param source what is mounted, like {@code server:/export}
 * @param options of the mount and of the file system
 */
public record Mount(
    long id, String device, Path mountPoint, String type, String source, List<String> options) {
  private static final Set<String> NFS_TYPES = Set.of("nfs", "nfs4");

  public Mount {
    options = List.copyOf(options);
  }

  /** Whether an NFS server keeps its files. */
  public boolean isNfs() {
    return NFS_TYPES.contains(type);
  }

  /** Like {@code file system of type nfs4, mounted from server:/export at /mnt}. */
  public String description() {
    return "file system of type " + type + ", mounted from " + source + " at " + mountPoint;
  }
}
