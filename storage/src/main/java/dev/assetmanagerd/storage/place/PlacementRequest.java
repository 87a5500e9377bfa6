package dev.assetmanagerd.storage.place;

import dev.assetmanagerd.storage.file.DurableFiles;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request in progress: everything is made under temporary names first, and renamed when nothing
 * can fail any more but the renames themselves. For one thread.
 */
final class PlacementRequest {
  private static final Logger log = LoggerFactory.getLogger(PlacementRequest.class);

  private final AllowedRoots roots;
  private final FileStager stager;
  private final List<Path> createdDirectories = new ArrayList<>();
  private final List<Staged> staged = new ArrayList<>();
  private final List<Path> createdFiles = new ArrayList<>();

  PlacementRequest(AllowedRoots roots, FileStager stager) {
    this.roots = roots;
    this.stager = stager;
  }

  private record Staged(Path temp, Path target, PlacementMethod method) {}

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
      sweep(real, abandonedBefore);
      for (PlacementItem item : items) {
        stage(item, real);
      }
      commit();
      DurableFiles.syncDirectory(real);
      done = true;
    } finally {
      staged.forEach(file -> remove(file.temp()));
      if (!done) {
        undo();
      }
    }
    return result(directory);
  }

  private void stage(PlacementItem item, Path real) throws IOException {
    Path target = real.resolve(item.fileName());
    Path temp = TargetNames.temp(real);
    PlacementMethod method = null;
    try {
      method = stager.stage(item, target, temp);
    } finally {
      if (method == null) {
        remove(temp);
      }
    }
    staged.add(new Staged(temp, target, method));
  }

  private void commit() throws IOException {
    for (Staged file : staged) {
      if (file.method() != PlacementMethod.UNCHANGED) {
        boolean isNew = !Files.exists(file.target(), LinkOption.NOFOLLOW_LINKS);
        Files.move(file.temp(), file.target(), StandardCopyOption.ATOMIC_MOVE);
        if (isNew) {
          createdFiles.add(file.target());
        }
      }
    }
  }

  private List<PlacedFile> result(Path directory) {
    return staged.stream()
        .map(
            file ->
                new PlacedFile(
                    directory.resolve(String.valueOf(file.target().getFileName())), file.method()))
        .toList();
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

  private static void sweep(Path directory, FileTime abandonedBefore) {
    try (DirectoryStream<Path> temps = Files.newDirectoryStream(directory, TargetNames::isTemp)) {
      for (Path temp : temps) {
        if (isOlder(temp, abandonedBefore)) {
          remove(temp);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      log.warn("Cannot look for abandoned files in {}: {}", directory, e.toString());
    }
  }

  private static boolean isOlder(Path temp, FileTime limit) throws IOException {
    try {
      // The time of the inode's change, for a hard link has its source's modification time.
      Object changed = Files.getAttribute(temp, "unix:ctime", LinkOption.NOFOLLOW_LINKS);
      return changed instanceof FileTime time && time.compareTo(limit) < 0;
    } catch (NoSuchFileException e) {
      return false; // another request has just renamed it
    }
  }
}
