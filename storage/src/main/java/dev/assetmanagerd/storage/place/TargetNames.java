package dev.assetmanagerd.storage.place;

import dev.assetmanagerd.storage.place.PlacementException.Reason;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** The names that placed files may have, and those of files on their way. */
final class TargetNames {
  private static final int MAX_NAME_BYTES = 255;
  private static final String TEMP_PREFIX = ".assetmanagerd-";
  private static final String TEMP_SUFFIX = ".tmp";

  private TargetNames() {}

  static void check(List<PlacementItem> items) throws PlacementException {
    Set<String> seen = new HashSet<>();
    for (PlacementItem item : items) {
      String name = item.fileName();
      checkName(name);
      if (!seen.add(name)) {
        throw invalid("two files of one request are both to be named \"" + name + "\"");
      }
    }
  }

  static void checkDirectory(Path directory) throws PlacementException {
    if (!directory.isAbsolute()) {
      throw invalid("target directory \"" + printable(directory.toString()) + "\" is not absolute");
    }
    if (hasControls(directory.toString())) {
      throw invalid(
          "target directory \"" + printable(directory.toString()) + "\" has a control character");
    }
    for (Path name : directory) {
      if (name.toString().getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
        throw invalid("target directory has a name longer than " + MAX_NAME_BYTES + " bytes in it");
      }
    }
  }

  static Path temp(Path directory) {
    return directory.resolve(TEMP_PREFIX + UUID.randomUUID() + TEMP_SUFFIX);
  }

  static boolean isTemp(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.startsWith(TEMP_PREFIX) && name.endsWith(TEMP_SUFFIX);
  }

  static void checkName(String name) throws PlacementException {
    String shown = "file name \"" + printable(name) + "\" ";
    if (name.isEmpty() || name.startsWith(".")) {
      throw invalid(shown + "is empty or begins with a dot");
    }
    if (name.indexOf('/') >= 0 || name.indexOf('\\') >= 0) {
      throw invalid(shown + "has a separator");
    }
    if (hasControls(name)) {
      throw invalid(shown + "has a control character");
    }
    if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
      throw invalid(shown + "is longer than " + MAX_NAME_BYTES + " bytes");
    }
  }

  private static boolean hasControls(String text) {
    return text.codePoints().anyMatch(Character::isISOControl);
  }

  private static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  private static PlacementException invalid(String message) {
    return new PlacementException(Reason.INVALID_NAME, message, null);
  }
}
