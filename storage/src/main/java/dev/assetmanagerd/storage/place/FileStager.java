package dev.assetmanagerd.storage.place;

import dev.assetmanagerd.storage.file.DurableFiles;
import dev.assetmanagerd.storage.file.Reflink;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes the file for one item in a staging directory, or finds that the right one is there. */
final class FileStager {
  private static final Set<PosixFilePermission> READ_ONLY =
      PosixFilePermissions.fromString("r--r--r--");
  private static final int ROOT = 0;

  private final Reflink reflink;
  private final FileAccess access;
  private final StagingDirectory staging;

  /**
   * @param access of the writable files
   * @param staging on the file system of the targets
   */
  FileStager(Reflink reflink, FileAccess access, StagingDirectory staging) {
    this.reflink = reflink;
    this.access = access;
    this.staging = staging;
  }

  /**
   * A file that is ready.
   *
   * @param temp where it is; null when the right file is at the target already
   */
  record Staged(PlacementMethod method, @Nullable Path temp, long sizeBytes) {}

  /** A file that was made. */
  private record Made(PlacementMethod method, Path temp) {}

  /**
   * Makes the file, unless the answer is {@link PlacementMethod#UNCHANGED}.
   *
   * @param target where it is to be, in the end
   * @param name of the target for messages
   */
  Staged stage(PlacementItem item, Path target, Path name) throws IOException {
    // Whose directory it is may replace the file at any time: it is held while it is looked at.
    try (HeldPath held = HeldPath.ofAny(target, name)) {
      Inode existing = held == null ? null : held.inode();
      if (existing != null && existing.attributes().isDirectory()) {
        throw new PlacementException(Reason.IN_THE_WAY, name, "is a directory", null);
      }
      if (item.source() instanceof PlacementSource.OfBytes source) {
        return stageBytes(source, item.mode(), existing);
      }
      return stageFile(((PlacementSource.OfFile) item.source()).path(), item.mode(), existing);
    }
  }

  static Inode source(Path source) throws IOException {
    Inode inode = Inode.of(source);
    if (inode == null || !inode.attributes().isRegularFile()) {
      throw new PlacementException(Reason.SOURCE_MISSING, source, "is no regular file", null);
    }
    return inode;
  }

  private Staged stageFile(Path path, PlacementMode mode, @Nullable Inode existing)
      throws IOException {
    Inode source = source(path);
    Made made =
        switch (mode) {
          case LINK -> stageLink(path, source, existing);
          case CLONE -> stageClone(path, source, existing);
        };
    long bytes = made == null ? source.size() : Files.size(made.temp());
    if (bytes != source.size()) {
      throw new PlacementException(
          Reason.SOURCE_CHANGED,
          path,
          "has " + source.size() + " bytes, the file made of it " + bytes,
          null);
    }
    return staged(made, bytes);
  }

  private static Staged staged(@Nullable Made made, long bytes) {
    return made == null
        ? new Staged(PlacementMethod.UNCHANGED, null, bytes)
        : new Staged(made.method(), made.temp(), bytes);
  }

  private @Nullable Made stageLink(Path path, Inode source, @Nullable Inode existing)
      throws IOException {
    if (isLinkable(source)) {
      if (existing != null && existing.isSameAs(source)) {
        return null;
      }
      Path temp = staging.newFile();
      if (tryLink(path, temp)) {
        return new Made(PlacementMethod.LINKED, temp);
      }
    }
    if (existing != null
        && !existing.isSameAs(source)
        && existing.permissions().equals(READ_ONLY)
        && isSameContent(path, source, existing)) {
      return null;
    }
    return cloneOrCopy(path, READ_ONLY);
  }

  private @Nullable Made stageClone(Path path, Inode source, @Nullable Inode existing)
      throws IOException {
    if (existing != null && isGuestsOwn(existing) && isSameContent(path, source, existing)) {
      return null;
    }
    Made made = cloneOrCopy(path, access.permissions());
    giveToOwner(made.temp());
    return made;
  }

  /** A write through one of several links would reach whoever has the others. */
  private boolean isGuestsOwn(Inode existing) {
    return existing.links() == 1
        && existing.permissions().equals(access.permissions())
        && access.owner().map(existing::isOf).orElse(true);
  }

  private Made cloneOrCopy(Path source, Set<PosixFilePermission> permissions) throws IOException {
    Path temp = staging.newFile();
    String text = PosixFilePermissions.toString(permissions);
    if (reflink.tryClone(source, temp)) {
      DurableFiles.setPermissions(temp, text);
      DurableFiles.syncFile(temp);
      return new Made(PlacementMethod.REFLINKED, temp);
    }
    DurableFiles.copy(source, temp, text);
    return new Made(PlacementMethod.COPIED, temp);
  }

  private Staged stageBytes(
      PlacementSource.OfBytes source, PlacementMode mode, @Nullable Inode existing)
      throws IOException {
    boolean writable = mode == PlacementMode.CLONE;
    Set<PosixFilePermission> permissions = writable ? access.permissions() : READ_ONLY;
    if (existing != null
        && (writable ? isGuestsOwn(existing) : existing.permissions().equals(permissions))
        && existing.attributes().isRegularFile()
        && existing.size() == source.bytes().length
        && Arrays.equals(read(existing.path(), source.bytes().length + 1), source.bytes())) {
      return staged(null, source.bytes().length);
    }
    Path temp = staging.newFile();
    write(source.bytes(), temp, PosixFilePermissions.toString(permissions));
    if (writable) {
      giveToOwner(temp);
    }
    return staged(new Made(PlacementMethod.COPIED, temp), source.bytes().length);
  }

  /** No more than is asked for: it may grow meanwhile. */
  private static byte[] read(Path file, int maxBytes) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(maxBytes);
    }
  }

  private static void write(byte[] bytes, Path temp, String permissions) throws IOException {
    try (FileChannel out =
        FileChannel.open(temp, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) {
        out.write(left);
      }
      DurableFiles.setPermissions(temp, permissions);
      out.force(true);
    }
  }

  private void giveToOwner(Path temp) throws IOException {
    if (access.owner().isEmpty()) {
      return;
    }
    FileOwner owner = access.owner().get();
    try {
      // The group first: afterwards the file is somebody else's.
      Files.setAttribute(temp, "unix:gid", owner.gid(), LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(temp, "unix:uid", owner.uid(), LinkOption.NOFOLLOW_LINKS);
    } catch (FileSystemException e) {
      throw new PlacementException(
          Reason.OWNER_REFUSED,
          "files cannot be given to " + owner + " here (it takes CAP_CHOWN): " + e.getReason(),
          e);
    }
    DurableFiles.syncFile(temp);
  }

  /**
   * Whether the guest that gets a link can read the file, and cannot write to it by any right of
   * its own: nobody may write, and nobody but this process's user and root may allow it.
   */
  private static boolean isLinkable(Inode source) throws IOException {
    return source.permissions().equals(READ_ONLY)
        && (source.uid() == ROOT || source.uid() == Inode.ownUid());
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

  private static boolean isSameContent(Path source, Inode sourceInode, Inode existing)
      throws IOException {
    return existing.attributes().isRegularFile()
        && existing.size() == sourceInode.size()
        && Files.mismatch(source, existing.path()) < 0;
  }
}
