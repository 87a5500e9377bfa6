package dev.assetmanagerd.config;

import static dev.assetmanagerd.config.OptionTypes.BOOL;
import static dev.assetmanagerd.config.OptionTypes.PATHS;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The part of the table of options about the files in VM directories. */
final class PrepareOptions {
  static final Option<List<Path>> PREPARE_ROOTS =
      Option.of(
          "PREPARE_ROOTS",
          PATHS,
          "/srv/jailer",
          "Directories that PrepareAssets may place files under, separated by commas.");
  static final Option<Boolean> PREPARE_REMOTE_CALLERS =
      Option.of(
          "PREPARE_REMOTE_CALLERS",
          BOOL,
          "false",
          "Whether PrepareAssets serves callers on other hosts; files are placed on this one.");
  static final Option<PlacementMode> PREPARE_KERNEL =
      mode("PREPARE_KERNEL", "link", "How kernels are placed: `link` as one read-only file.");
  static final Option<PlacementMode> PREPARE_INITRD =
      mode("PREPARE_INITRD", "link", "The same for initial RAM disks.");
  static final Option<PlacementMode> PREPARE_ROOTFS =
      mode(
          "PREPARE_ROOTFS",
          "copy",
          "How root file systems are placed: `copy` (a reflink where possible) gives each VM its"
              + " own; with `link` all VMs share one file.");
  static final Option<PlacementMode> PREPARE_DISK_IMAGE =
      mode("PREPARE_DISK_IMAGE", "copy", "The same for disk images.");
  static final Option<Optional<FileOwner>> PREPARE_OWNER =
      Option.of(
          "PREPARE_OWNER",
          FileOwner.TYPE,
          "none",
          "Who owns files that are placed as copies, `uid:gid` in numbers; `none`: the node's own"
              + " user. Links belong to whom they belong.");
  static final Option<Integer> PREPARE_MODE =
      Option.of(
          "PREPARE_MODE",
          OptionTypes.FILE_MODE,
          "0644",
          "Permissions of files that are placed to be written to, in octal.");

  static final List<Option<?>> ALL =
      List.of(
          PREPARE_ROOTS,
          PREPARE_REMOTE_CALLERS,
          PREPARE_KERNEL,
          PREPARE_INITRD,
          PREPARE_ROOTFS,
          PREPARE_DISK_IMAGE,
          PREPARE_OWNER,
          PREPARE_MODE);

  private PrepareOptions() {}

  private static Option<PlacementMode> mode(String name, String defaultText, String description) {
    return Option.of(name, OptionTypes.choice(PlacementMode.class), defaultText, description);
  }
}
