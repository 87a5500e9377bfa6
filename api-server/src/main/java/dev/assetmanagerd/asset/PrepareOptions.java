package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.place.FileAccess;
import dev.assetmanagerd.storage.place.PlacementMode;
import java.time.Duration;

/**
 * How assets get into the directories of VMs.
 *
 * @param kernel how kernels do
 * @param initrd how initial RAM disks do
 * @param rootfs how root file systems do
 * @param diskImage how disk images do
 * @param access of the writable files, where a call names no other owner
 * @param remoteCallers whether callers on other hosts may have assets prepared on this one
 * @param fetchTimeout how long bytes are waited for that are not on this host, where the caller
 *     sent no deadline
 */
public record PrepareOptions(
    PlacementMode kernel,
    PlacementMode initrd,
    PlacementMode rootfs,
    PlacementMode diskImage,
    FileAccess access,
    boolean remoteCallers,
    Duration fetchTimeout) {
  /** The defaults of a node. */
  public static PrepareOptions defaults() {
    return new PrepareOptions(
        PlacementMode.LINK,
        PlacementMode.LINK,
        PlacementMode.CLONE,
        PlacementMode.CLONE,
        FileAccess.DEFAULT,
        false,
        Duration.ofMinutes(30));
  }

  /** The same for callers on this host alone, or for all. */
  PrepareOptions withRemoteCallers(boolean allowed) {
    return new PrepareOptions(kernel, initrd, rootfs, diskImage, access, allowed, fetchTimeout);
  }
}
