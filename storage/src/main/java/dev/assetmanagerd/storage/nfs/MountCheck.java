package dev.assetmanagerd.storage.nfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** What can be said of a directory of blobs by the mounts alone. Thread-safe; blocks for I/O. */
public final class MountCheck {
  /** Directories that files are renamed between, which cannot be done across mounts. */
  private static final Pattern OWN_DIRECTORY =
      Pattern.compile("\\.staging|\\.uploads|\\.quarantine|[0-9a-f]{2}");

  private static final long MINOR_LOW = 0xff;
  private static final long MAJOR_LOW = 0xfff;

  private MountCheck() {}

  /**
   * Finds out what a directory is mounted from. Where it does not exist yet, it is the nearest
   * directory above that counts.
   *
   * @throws IOException when that cannot be told, or when another file system is mounted in a
   *     directory that has to be one with the rest
   */
  public static Mount of(Path directory) throws IOException {
    Path real = nearestExisting(directory.toAbsolutePath().normalize()).toRealPath();
    String device = device(real); // of an automount, this makes it come
    MountTable table = MountTable.read();
    Mount mount =
        table
            .of(real, device)
            .orElseThrow(() -> new IOException("no mount is known that " + real + " is in"));
    for (Mount below : table.below(real)) {
      if (OWN_DIRECTORY.matcher(real.relativize(below.mountPoint()).toString()).matches()) {
        throw new IOException(
            "a "
                + below.description()
                + " is inside of it; files have to be renamed into there, which needs one mount");
      }
    }
    return mount;
  }

  /**
   * What is doubtful about the options of an NFS mount, a sentence each; nothing for other mounts.
   */
  public static List<String> doubts(Mount mount) {
    List<String> doubts = new ArrayList<>();
    if (!mount.isNfs()) {
      return doubts;
    }
    for (String soft : List.of("soft", "softerr")) {
      if (mount.options().contains(soft)) {
        doubts.add(
            "it is mounted "
                + soft
                + ": a server that is slow for a while makes reads and writes fail; hard is better,"
                + " and does not hang this program");
      }
    }
    Optional<String> lookups =
        mount.options().stream().filter(option -> option.startsWith("lookupcache=")).findFirst();
    if (lookups.isEmpty() || lookups.get().equals("lookupcache=all")) {
      doubts.add(
          "it is mounted without lookupcache=positive: what another node has stored may seem absent"
              + " here for up to acdirmax (60 s)");
    }
    return doubts;
  }

  private static Path nearestExisting(Path path) {
    Path current = path;
    while (!Files.exists(current, LinkOption.NOFOLLOW_LINKS)) {
      Path parent = current.getParent();
      if (parent == null) {
        break;
      }
      current = parent;
    }
    return current;
  }

  /** As the mount table writes it; the kernel packs both numbers into one. */
  private static String device(Path real) throws IOException {
    long packed = ((Number) Files.getAttribute(real, "unix:dev")).longValue();
    return device(packed);
  }

  static String device(long packed) {
    long major = (packed >>> 8 & MAJOR_LOW) | (packed >>> 32 & ~MAJOR_LOW);
    long minor = (packed & MINOR_LOW) | (packed >>> 12 & ~MINOR_LOW & 0xffff_ffffL);
    return major + ":" + minor;
  }
}
