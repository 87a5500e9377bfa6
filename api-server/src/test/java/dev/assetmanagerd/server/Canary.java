package dev.assetmanagerd.server;

import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A tree of files that nobody may touch: every name in it, with kind, times, rights and content.
 */
final class Canary {
  /** What is in one of its files. */
  static final String SECRET = "canary-content-7f3a";

  private final Path root;
  private final Map<String, String> before;

  private Canary(Path root) throws IOException {
    this.root = root;
    this.before = look();
  }

  /** Makes the tree. */
  static Canary in(Path root) throws IOException {
    Files.createDirectories(root.resolve("vm"));
    Files.createDirectories(root.resolve("empty"));
    Files.writeString(root.resolve("secret"), SECRET);
    Files.writeString(root.resolve("vm/vmlinux"), "somebody else's kernel");
    Files.writeString(root.resolve("vm/rootfs.ext4"), "somebody else's disk");
    Files.createSymbolicLink(root.resolve("link"), Path.of("secret"));
    return new Canary(root);
  }

  /** What is there now, beside what was. Reading the files leaves no trace that is looked at. */
  Map<String, String> look() throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.toList()) {
        Map<String, Object> attributes =
            Files.readAttributes(
                file,
                "unix:ino,nlink,mode,uid,gid,size,lastModifiedTime,ctime",
                LinkOption.NOFOLLOW_LINKS);
        found.put(root.relativize(file).toString(), new TreeMap<>(attributes) + " " + hash(file));
      }
    }
    return found;
  }

  private static String hash(Path file) throws IOException {
    if (Files.isSymbolicLink(file)) {
      return Files.readSymbolicLink(file).toString();
    }
    return Files.isRegularFile(file)
        ? Hashing.sha256().hashString(Files.readString(file), StandardCharsets.UTF_8).toString()
        : "";
  }

  Map<String, String> before() {
    return before;
  }

  Path root() {
    return root;
  }
}
