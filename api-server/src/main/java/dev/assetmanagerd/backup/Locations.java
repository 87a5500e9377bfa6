package dev.assetmanagerd.backup;

import java.io.IOException;
import java.util.regex.Pattern;

/** Names of files and their locations, which are URLs below that of a place. */
final class Locations {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,254}");

  private final String root;

  /**
   * @param root without a slash at its end
   */
  Locations(String root) {
    this.root = root + "/";
  }

  String of(String name) {
    return root + name;
  }

  /**
   * The name of a file.
   *
   * @throws IOException when it is not in this place
   */
  String name(String location) throws IOException {
    String name = location.startsWith(root) ? location.substring(root.length()) : "";
    if (!NAME.matcher(name).matches()) {
      throw new IOException(location + " is not in the configured place for backups, " + root);
    }
    return name;
  }
}
