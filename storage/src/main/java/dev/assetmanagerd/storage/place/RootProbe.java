package dev.assetmanagerd.storage.place;

import dev.assetmanagerd.storage.file.Reflink;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Tries out what can be done with files of one directory in another, and cleans up. */
final class RootProbe {
  private static final int FILE_BYTES = 4096;

  private final Reflink reflink;
  private final FileAccess access;

  RootProbe(Reflink reflink, FileAccess access) {
    this.reflink = reflink;
    this.access = access;
  }

  RootReport probe(Path root, Path sourceDirectory) {
    if (!Files.exists(root)) {
      return Files.exists(root, LinkOption.NOFOLLOW_LINKS)
          ? unusable(root, Reason.IN_THE_WAY, "is a symbolic link to nothing")
          : new RootReport.Missing(root);
    }
    if (!Files.isDirectory(root)) {
      return unusable(root, Reason.IN_THE_WAY, "is not a directory");
    }
    try (StagingDirectory sources = new StagingDirectory(sourceDirectory);
        StagingDirectory targets = new StagingDirectory(root.toRealPath())) {
      Path source = Files.write(sources.newFile(), new byte[FILE_BYTES]);
      Files.setPosixFilePermissions(source, PosixFilePermissions.fromString("r--r--r--"));
      FileStager stager = new FileStager(reflink, access, targets);
      return new RootReport.Usable(
          root,
          method(stager, source, targets, PlacementMode.LINK),
          method(stager, source, targets, PlacementMode.CLONE));
    } catch (PlacementException e) {
      return unusable(root, e.reason(), String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return unusable(root, Reason.IO, e.toString());
    }
  }

  private static PlacementMethod method(
      FileStager stager, Path source, StagingDirectory targets, PlacementMode mode)
      throws IOException {
    Path target = targets.newFile();
    return stager.stage(new PlacementItem(source, "probe", mode), target, target).method();
  }

  private static RootReport unusable(Path root, Reason reason, String problem) {
    return new RootReport.Unusable(root, reason, problem);
  }
}
