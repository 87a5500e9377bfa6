package dev.assetmanagerd.storage.blob;

import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * The form of a location in a store of files: a relative path of plain names, or an absolute one
 * that lies under the store's root.
 *
 * <p>Nothing is cleaned up: what is not plain is refused, so that no two spellings name one blob
 * (but for the root in front), and no check downstream has to think of the odd ones.
 */
public final class LocationSyntax {
  private static final int MAX_BYTES = 1024;
  private static final int MAX_NAME_BYTES = 255; // NAME_MAX of all file systems of interest

  private LocationSyntax() {}

  /**
   * Checks a location in a store that has no absolute ones.
   *
   * @throws InvalidLocationException saying which rule it breaks
   */
  public static void check(String location) throws InvalidLocationException {
    relative(location, List.of());
  }

  /**
   * The location, relative to the root.
   *
   * @param roots the spellings of the root that an absolute location may begin with
   */
  static String relative(String location, List<Path> roots) throws InvalidLocationException {
    checkCharacters(location);
    String relative = location.startsWith("/") ? stripRoot(location, roots) : location;
    for (String name : relative.split("/", -1)) {
      checkName(location, name);
    }
    return relative;
  }

  static boolean isUnprintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }

  private static void checkCharacters(String location) throws InvalidLocationException {
    if (location.isEmpty()) {
      throw new InvalidLocationException(location, "is empty");
    }
    if (bytes(location, location) > MAX_BYTES) {
      throw new InvalidLocationException(location, "is longer than " + MAX_BYTES + " bytes");
    }
    if (location.codePoints().anyMatch(LocationSyntax::isUnprintable)) {
      throw new InvalidLocationException(location, "has a control or formatting character");
    }
    if (location.indexOf('\\') >= 0) {
      throw new InvalidLocationException(location, "has a backslash");
    }
  }

  private static void checkName(String location, String name) throws InvalidLocationException {
    if (name.isEmpty()) {
      throw new InvalidLocationException(location, "has an empty path segment");
    }
    if (name.startsWith(".")) {
      // "." and ".." lead elsewhere; hidden names are the store's own and the NFS client's.
      throw new InvalidLocationException(location, "has a path segment that begins with a dot");
    }
    if (bytes(location, name) > MAX_NAME_BYTES) {
      throw new InvalidLocationException(
          location, "has a path segment longer than " + MAX_NAME_BYTES + " bytes");
    }
  }

  private static String stripRoot(String location, List<Path> roots)
      throws InvalidLocationException {
    for (String name : location.substring(1).split("/", -1)) {
      if (name.isEmpty() || name.equals(".") || name.equals("..")) {
        throw new InvalidLocationException(location, "has an empty, . or .. path segment");
      }
    }
    Path path = path(location);
    for (Path root : roots) {
      if (path.startsWith(root) && !path.equals(root)) {
        return root.relativize(path).toString();
      }
    }
    throw new InvalidLocationException(location, "is an absolute path outside the store");
  }

  private static Path path(String location) throws InvalidLocationException {
    try {
      return Path.of(location);
    } catch (InvalidPathException e) {
      throw new InvalidLocationException(location, "is no path here: " + e.getReason());
    }
  }

  private static int bytes(String location, String text) throws InvalidLocationException {
    try {
      return StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text)).remaining();
    } catch (CharacterCodingException e) {
      throw new InvalidLocationException(location, "is not well-formed Unicode");
    }
  }
}
