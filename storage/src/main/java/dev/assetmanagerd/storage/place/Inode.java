package dev.assetmanagerd.storage.place;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is at a path, symbolic links not followed.
 *
 * @param path by which it was found, and can be read as long as nobody replaces it
 * @param attributes kind, size and permissions
 * @param uid who owns it
 * @param gid and which group
 * @param links how many names it has
 */
record Inode(Path path, PosixFileAttributes attributes, int uid, int gid, int links) {
  private static final int OWN_UID = Math.toIntExact(new UnixSystem().getUid());

  /** Null when there is nothing. */
  static @Nullable Inode of(Path path) throws IOException {
    try {
      return read(path, Set.of(LinkOption.NOFOLLOW_LINKS));
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  static Inode read(Path path, Set<LinkOption> how) throws IOException {
    LinkOption[] options = how.toArray(LinkOption[]::new);
    Map<String, Object> more = Files.readAttributes(path, "unix:uid,gid,nlink", options);
    return new Inode(
        path,
        Files.readAttributes(path, PosixFileAttributes.class, options),
        number(more, "uid"),
        number(more, "gid"),
        number(more, "nlink"));
  }

  /** The user that this process runs as. */
  static int ownUid() {
    return OWN_UID;
  }

  private static int number(Map<String, Object> attributes, String name) {
    return ((Number) Objects.requireNonNull(attributes.get(name), name)).intValue();
  }

  long size() {
    return attributes.size();
  }

  Set<PosixFilePermission> permissions() {
    return attributes.permissions();
  }

  boolean isOf(FileOwner owner) {
    return uid == owner.uid() && gid == owner.gid();
  }

  boolean isSameAs(Inode other) {
    return Objects.equals(attributes.fileKey(), other.attributes.fileKey());
  }
}
