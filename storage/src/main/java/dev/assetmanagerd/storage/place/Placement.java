package dev.assetmanagerd.storage.place;

import dev.assetmanagerd.storage.file.DiskFailure;
import dev.assetmanagerd.storage.file.Reflink;
import dev.assetmanagerd.storage.file.SourceChangedException;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/**
 * Puts files into a directory of somebody else's, under these rules:
 *
 * <ul>
 *   <li>The directory lies under an allowed root, by its name and after following symbolic links.
 *       It is made where it is missing, mode 0755.
 *   <li>A file is made in a directory beside its target that nobody else can look into, flushed,
 *       and renamed over the target. Nothing that exists is ever opened for writing, chowned or
 *       chmodded: behind it there may be a hard link to a blob that all VMs share.
 *   <li>Read-only files are hard links where the source is one that no guest can write to (mode
 *       0444, of root or of this process's user), else read-only clones or copies. Writable files
 *       belong to whom the request says.
 *   <li>All files of a request are made before the first is renamed; when one cannot be made, none
 *       appears, and directories made for it are removed.
 *   <li>Repeating a request succeeds. A link to the same source is left alone, and so is a file of
 *       its own with the same content, permissions and, where one is asked for, owner. A writable
 *       file whose content has come to differ is replaced by a fresh one, in one step: a process
 *       that has the old one open keeps it until it closes it, and whoever opens the path next gets
 *       the content that was asked for.
 * </ul>
 *
 * <p>Who owns a target directory, or one between it and the root (a guest's user, perhaps), is not
 * trusted: whatever they rename, link or replace while a request runs, no file or directory but
 * their own changes, and no request waits for a FIFO or reads a device. To that end symbolic links
 * are resolved when a request begins, and what it works with is held open from then on; files are
 * made in a directory that nobody else can enter. What such an owner can do is to spoil what it is
 * given: the file that a reply names is in its hands. Trusted are root, this process's user, and
 * whoever can replace a root itself or a directory above it, or sources. Where descriptors cannot
 * be used as paths (no {@code /proc}, or no calls to the C library; it is logged), owners of target
 * directories are trusted, too.
 *
 * <p>Thread-safe; blocks for I/O. Two requests for one file at a time both succeed, the later one
 * wins.
 */
public final class Placement {
  private static final Duration ABANDONED_AFTER = Duration.ofHours(1);

  private final AllowedRoots roots;
  private final Reflink reflink;
  private final Clock clock;

  /**
   * For this platform's file systems.
   *
   * @param allowedRoots absolute directories; made where they are missing when first used
   * @param clock wall clock, to tell temporary files of a dead process from those in use
   */
  public Placement(List<Path> allowedRoots, Clock clock) {
    this(allowedRoots, clock, Reflink.ofPlatform());
  }

  Placement(List<Path> allowedRoots, Clock clock, Reflink reflink) {
    this.roots = new AllowedRoots(allowedRoots);
    this.reflink = reflink;
    this.clock = clock;
  }

  /**
   * Says whether a request for this directory would be allowed by its name, without touching
   * anything.
   *
   * @throws PlacementException when not
   */
  public void checkTarget(Path targetDirectory) throws PlacementException {
    TargetNames.checkDirectory(targetDirectory);
    roots.rootOf(targetDirectory.normalize());
  }

  /** Whether a directory is an allowed root itself, by its name, and not one below. */
  public boolean isRoot(Path directory) {
    return roots.all().contains(directory.normalize());
  }

  /**
   * Tries out each allowed root with files made for it, which are removed again.
   *
   * @param sourceDirectory on the file system where sources will be; gets a file for a moment
   * @param access of the writable files
   * @return one report for each root, in their order
   */
  public List<RootReport> probe(Path sourceDirectory, FileAccess access) {
    RootProbe probe = new RootProbe(reflink, access);
    return roots.all().stream().map(root -> probe.probe(root, sourceDirectory)).toList();
  }

  /**
   * Says whether a file may have this name.
   *
   * @throws PlacementException when not, with {@link Reason#INVALID_NAME}
   */
  public static void checkFileName(String name) throws PlacementException {
    TargetNames.checkName(name);
  }

  /** Places files, the writable ones with {@link FileAccess#DEFAULT}. */
  public List<PlacedFile> place(Path targetDirectory, List<PlacementItem> items)
      throws PlacementException {
    return place(targetDirectory, items, FileAccess.DEFAULT);
  }

  /**
   * Places files.
   *
   * @param targetDirectory absolute
   * @param items in any order
   * @param access of the writable files; directories that are made stay this process's
   * @return for each item, in their order, where it is now
   */
  public List<PlacedFile> place(Path targetDirectory, List<PlacementItem> items, FileAccess access)
      throws PlacementException {
    checkTarget(targetDirectory);
    TargetNames.check(items);
    Path directory = targetDirectory.normalize();
    long bytes = 0;
    try {
      for (PlacementItem item : items) {
        bytes += size(item.source());
      }
      return new PlacementRequest(roots, reflink, access)
          .run(directory, items, FileTime.from(clock.instant().minus(ABANDONED_AFTER)));
    } catch (PlacementException e) {
      throw e;
    } catch (IOException e) {
      throw translate(e, directory, bytes);
    }
  }

  private static long size(PlacementSource source) throws IOException {
    if (source instanceof PlacementSource.OfFile file) {
      return FileStager.source(file.path()).size();
    }
    return ((PlacementSource.OfBytes) source).bytes().length;
  }

  private static PlacementException translate(IOException e, Path directory, long bytes) {
    if (e instanceof SourceChangedException) {
      return new PlacementException(Reason.SOURCE_CHANGED, String.valueOf(e.getMessage()), e);
    }
    Path existing = directory;
    while (!Files.exists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    return switch (DiskFailure.of(e, existing, bytes)) {
      case NO_SPACE ->
          new PlacementException(Reason.NO_SPACE, directory, "no space for " + bytes + " bytes", e);
      case PERMISSION ->
          new PlacementException(Reason.PERMISSION, directory, "not permitted: " + e, e);
      case READ_ONLY ->
          new PlacementException(Reason.READ_ONLY, directory, "is on a read-only file system", e);
      case NOT_FOUND, STALE_HANDLE, IO_ERROR, OTHER ->
          new PlacementException(Reason.IO, directory, String.valueOf(e), e);
    };
  }
}
