package dev.assetmanagerd.storage.place;

import dev.assetmanagerd.storage.file.DurableFiles;
import dev.assetmanagerd.storage.file.Reflink;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes the file for one item under a temporary name, or finds that the right one is there. */
final class FileStager {
  private static final String READ_ONLY = "r--r--r--";
  private static final String WRITABLE = "rw-r--r--";
  private static final Set<PosixFilePermission> WRITE_BITS =
      EnumSet.of(
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_WRITE);

  private final Reflink reflink;

  FileStager(Reflink reflink) {
    this.reflink = reflink;
  }

  /**
   * Makes {@code temp}, except when the answer is {@link PlacementMethod#UNCHANGED}. After a
   * failure there may be a {@code temp}.
   */
  PlacementMethod stage(PlacementItem item, Path target, Path temp) throws IOException {
    PosixFileAttributes source = sourceAttributes(item.source());
    PosixFileAttributes existing = attributes(target);
    if (existing != null && existing.isDirectory()) {
      throw new PlacementException(Reason.IN_THE_WAY, target, "is a directory", null);
    }
    PlacementMethod method =
        switch (item.mode()) {
          case LINK -> stageLink(item.source(), source, target, existing, temp);
          case CLONE -> stageClone(item.source(), source, target, existing, temp);
        };
    Path made = method == PlacementMethod.UNCHANGED ? target : temp;
    long madeBytes = Files.readAttributes(made, PosixFileAttributes.class).size();
    if (madeBytes != source.size()) {
      throw new PlacementException(
          Reason.SOURCE_CHANGED,
          item.source(),
          "has " + source.size() + " bytes, the file made of it " + madeBytes,
          null);
    }
    return method;
  }

  static PosixFileAttributes sourceAttributes(Path source) throws IOException {
    PosixFileAttributes attributes = attributes(source);
    if (attributes == null || !attributes.isRegularFile()) {
      throw new PlacementException(Reason.SOURCE_MISSING, source, "is no regular file", null);
    }
    return attributes;
  }

  private PlacementMethod stageLink(
      Path source,
      PosixFileAttributes sourceAttributes,
      Path target,
      @Nullable PosixFileAttributes existing,
      Path temp)
      throws IOException {
    if (existing != null && isSameInode(sourceAttributes, existing)) {
      return PlacementMethod.UNCHANGED;
    }
    if (isLinkable(sourceAttributes) && tryLink(source, temp)) {
      return PlacementMethod.LINKED;
    }
    if (existing != null
        && existing.permissions().stream().noneMatch(WRITE_BITS::contains)
        && isSameContent(source, sourceAttributes, target, existing)) {
      return PlacementMethod.UNCHANGED;
    }
    return cloneOrCopy(source, temp, READ_ONLY);
  }

  private PlacementMethod stageClone(
      Path source,
      PosixFileAttributes sourceAttributes,
      Path target,
      @Nullable PosixFileAttributes existing,
      Path temp)
      throws IOException {
    if (existing != null
        && isOnlyLink(target) // a write through a hard link would reach whoever has the other
        && isSameContent(source, sourceAttributes, target, existing)) {
      return PlacementMethod.UNCHANGED;
    }
    return cloneOrCopy(source, temp, WRITABLE);
  }

  private PlacementMethod cloneOrCopy(Path source, Path temp, String permissions)
      throws IOException {
    if (reflink.tryClone(source, temp)) {
      DurableFiles.setPermissions(temp, permissions);
      DurableFiles.syncFile(temp);
      return PlacementMethod.REFLINKED;
    }
    DurableFiles.copy(source, temp, permissions);
    return PlacementMethod.COPIED;
  }

  /** A file that others than its owner may write to would be open to whoever gets the link. */
  private static boolean isLinkable(PosixFileAttributes source) {
    return !source.permissions().contains(PosixFilePermission.GROUP_WRITE)
        && !source.permissions().contains(PosixFilePermission.OTHERS_WRITE);
  }

  private static boolean tryLink(Path source, Path temp) throws IOException {
    try {
      Files.createLink(temp, source);
      return true;
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      throw e;
    } catch (FileSystemException | UnsupportedOperationException e) {
      // Another file system, too many links, links to other people's files forbidden: the copy
      // that follows either works or fails with the reason.
      return false;
    }
  }

  private static boolean isSameInode(PosixFileAttributes a, PosixFileAttributes b) {
    return Objects.equals(a.fileKey(), b.fileKey());
  }

  private static boolean isOnlyLink(Path file) throws IOException {
    Object links = Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
    return links instanceof Number n && n.intValue() == 1;
  }

  private static boolean isSameContent(
      Path source, PosixFileAttributes sourceAttributes, Path target, PosixFileAttributes existing)
      throws IOException {
    return existing.isRegularFile()
        && existing.size() == sourceAttributes.size()
        && Files.mismatch(source, target) < 0;
  }

  private static @Nullable PosixFileAttributes attributes(Path file) throws IOException {
    try {
      return Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return null;
    }
  }
}
