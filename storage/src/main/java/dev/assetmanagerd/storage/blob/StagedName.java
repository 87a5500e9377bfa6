package dev.assetmanagerd.storage.blob;

import java.util.UUID;
import java.util.regex.Pattern;

/** Names of files on their way into a store: never used twice, and telling whose they are. */
final class StagedName {
  private static final Pattern NODE_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final Pattern UNIQUE_PART = Pattern.compile("[0-9a-f-]{36}");
  private static final int UNIQUE_CHARS = 36;
  private static final String PREFIX = "staged-";

  private StagedName() {}

  static String next(String nodeId) {
    return prefix(nodeId) + UUID.randomUUID();
  }

  /** Another name of the same node. */
  static String sibling(String name) {
    return name.substring(0, name.length() - UNIQUE_CHARS) + UUID.randomUUID();
  }

  /** Whether any node made this name. */
  static boolean isStaged(String name) {
    return name.startsWith(PREFIX);
  }

  static boolean isOf(String nodeId, String name) {
    String prefix = prefix(nodeId);
    // The rest is matched too, for one node's id may begin with another's.
    return name.startsWith(prefix)
        && UNIQUE_PART.matcher(name.substring(prefix.length())).matches();
  }

  private static String prefix(String nodeId) {
    if (!NODE_ID.matcher(nodeId).matches()) {
      throw new IllegalArgumentException("node id \"" + nodeId + "\" is not " + NODE_ID);
    }
    return PREFIX + nodeId + "-";
  }
}
