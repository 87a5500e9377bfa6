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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request in progress: everything is made in a staging directory first, and renamed when
 * nothing can fail any more but the renames themselves. For one thread.
 */
final class PlacementRequest {
  private static final Logger log = LoggerFactory.getLogger(PlacementRequest.class);

  private final AllowedRoots roots;
  private final Reflink reflink;
  private final FileAccess access;
  private final List<Path> createdDirectories = new ArrayList<>();
  private final List<Path> createdFiles = new ArrayList<>();

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
    try {
      Path real = roots.enter(directory, createdDirectories);
      StagingDirectory.sweep(real, abandonedBefore);
      List<Staged> staged = new ArrayList<>();
      try (StagingDirectory staging = new StagingDirectory(real)) {
        FileStager stager = new FileStager(reflink, access, staging);
        for (PlacementItem item : items) {
          staged.add(stager.stage(item, real.resolve(item.fileName())));
        }
        for (int i = 0; i < items.size(); i++) {
          publish(staged.get(i), real.resolve(items.get(i).fileName()));
        }
      }
      DurableFiles.syncDirectory(real);
      done = true;
      return result(directory, items, staged);
    } finally {
      if (!done) {
        undo();
      }
    }
  }

  private void publish(Staged file, Path target) throws IOException {
    if (file.temp() != null) {
      boolean isNew = !Files.exists(target, LinkOption.NOFOLLOW_LINKS);
      Files.move(file.temp(), target, StandardCopyOption.ATOMIC_MOVE);
      if (isNew) {
        createdFiles.add(target);
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
    createdFiles.forEach(PlacementRequest::remove);
    for (int i = createdDirectories.size() - 1; i >= 0; i--) {
      remove(createdDirectories.get(i)); // stays when another request has put something there
    }
  }

  private static void remove(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (DirectoryNotEmptyException e) {
      log.debug("{} is in use by another request", path);
    } catch (IOException e) {
      log.warn("Cannot remove {}: {}", path, e.toString());
    }
  }
}
