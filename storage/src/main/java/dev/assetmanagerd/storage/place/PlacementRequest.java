package dev.assetmanagerd.storage.place;

import dev.assetmanagerd.storage.file.DurableFiles;
import dev.assetmanagerd.storage.file.Reflink;
import dev.assetmanagerd.storage.place.FileStager.Staged;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request in progress: everything is made in a staging directory first, and renamed when
 * nothing can fail any more but the renames themselves. Directories are looked up once and held.
 * For one thread.
 */
final class PlacementRequest {
  private static final Logger log = LoggerFactory.getLogger(PlacementRequest.class);

  /**
   * Something that was not there before.
   *
   * @param path through a directory that is held
   */
  record Created(Path path, Inode inode) {}

  private final AllowedRoots roots;
  private final Reflink reflink;
  private final FileAccess access;

  /** Directories, outer ones first, then files. */
  private final List<Created> created = new ArrayList<>();

  PlacementRequest(AllowedRoots roots, Reflink reflink, FileAccess access) {
    this.roots = roots;
    this.reflink = reflink;
    this.access = access;
  }

  /**
   * Places the items.
   *
   * @param directory absolute and normalised
   * @param abandonedBefore temporary files that nobody has touched since are a dead process's
   */
  List<PlacedFile> run(Path directory, List<PlacementItem> items, FileTime abandonedBefore)
      throws IOException {
    boolean done = false;
    try (HeldPaths held = new HeldPaths()) {
      try {
        HeldPath real = roots.enter(directory, held, created);
        List<Staged> staged = place(real, directory, items, abandonedBefore);
        done = true;
        return result(directory, items, staged);
      } finally {
        if (!done) {
          undo(); // while the directories are still held
        }
      }
    }
  }

  private List<Staged> place(
      HeldPath real, Path directory, List<PlacementItem> items, FileTime abandonedBefore)
      throws IOException {
    StagingDirectory.sweep(real.path(), abandonedBefore);
    List<Staged> staged = new ArrayList<>();
    try (StagingDirectory staging = new StagingDirectory(real.path())) {
      FileStager stager = new FileStager(reflink, access, staging);
      for (PlacementItem item : items) {
        String name = item.fileName();
        staged.add(stager.stage(item, real.path().resolve(name), directory.resolve(name)));
      }
      for (int i = 0; i < items.size(); i++) {
        publish(staged.get(i), real.path().resolve(items.get(i).fileName()));
      }
    }
    DurableFiles.syncDirectory(real.path());
    return staged;
  }

  private void publish(Staged file, Path target) throws IOException {
    if (file.temp() != null) {
      boolean isNew = !Files.exists(target, LinkOption.NOFOLLOW_LINKS);
      Inode inode = Inode.read(file.temp(), Set.of(LinkOption.NOFOLLOW_LINKS));
      Files.move(file.temp(), target, StandardCopyOption.ATOMIC_MOVE);
      if (isNew) {
        created.add(new Created(target, inode));
      }
    }
  }

  private static List<PlacedFile> result(
      Path directory, List<PlacementItem> items, List<Staged> staged) {
    List<PlacedFile> placed = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      Path path = directory.resolve(items.get(i).fileName());
      placed.add(new PlacedFile(path, staged.get(i).method(), staged.get(i).sizeBytes()));
    }
    return placed;
  }

  private void undo() {
    for (int i = created.size() - 1; i >= 0; i--) {
      remove(created.get(i));
    }
  }

  /**
   * A directory stays when another request has put something there, a file when it was replaced.
   */
  static void remove(Created made) {
    Path path = made.path();
    try {
      Inode found = Inode.of(path);
      if (found != null && found.isSameAs(made.inode())) {
        Files.deleteIfExists(path);
      }
    } catch (DirectoryNotEmptyException e) {
      log.debug("{} is in use by another request", path);
    } catch (IOException e) {
      log.warn("Cannot remove {}: {}", path, e.toString());
    }
  }
}
