package dev.assetmanagerd.storage.nfs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The mounts that this process sees, in the order in which they were made. */
final class MountTable {
  /** Reading it asks the kernel alone; a server that hangs does not matter. */
  private static final Path SOURCE = Path.of("/proc/self/mountinfo");

  private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");
  private static final String END_OF_OPTIONAL_FIELDS = "-";
  private static final int FIRST_OPTIONAL_FIELD = 6;
  private static final int FIELDS_AFTER = 3;

  private final List<Mount> mounts;

  private MountTable(List<Mount> mounts) {
    this.mounts = mounts;
  }

  static MountTable read() throws IOException {
    // One character per byte: names may have any bytes, and the kernel's own signs are ASCII.
    return parse(Files.readAllLines(SOURCE, StandardCharsets.ISO_8859_1));
  }

  /**
   * Takes lines in the format of proc(5).
   *
   * @param lines one character per byte
   * @throws IOException when one of them is not of that format
   */
  static MountTable parse(List<String> lines) throws IOException {
    List<Mount> mounts = new ArrayList<>();
    for (String line : lines) {
      mounts.add(mount(line));
    }
    return new MountTable(mounts);
  }

  private static Mount mount(String line) throws IOException {
    List<String> fields = List.of(line.split(" ", -1));
    int dash =
        fields.size() < FIRST_OPTIONAL_FIELD
            ? -1
            : fields.subList(FIRST_OPTIONAL_FIELD, fields.size()).indexOf(END_OF_OPTIONAL_FIELDS);
    int end = FIRST_OPTIONAL_FIELD + dash;
    if (dash < 0 || fields.size() <= end + FIELDS_AFTER) {
      throw new IOException("a line of the mount table is not understood: " + line);
    }
    return new Mount(
        id(fields.get(0), line),
        fields.get(2),
        Path.of(unescaped(fields.get(4))),
        fields.get(end + 1),
        unescaped(fields.get(end + 2)),
        Stream.of(fields.get(5), fields.get(end + FIELDS_AFTER))
            .flatMap(options -> Stream.of(options.split(",")))
            .distinct()
            .toList());
  }

  private static long id(String field, String line) throws IOException {
    try {
      return Long.parseLong(field);
    } catch (NumberFormatException e) {
      throw new IOException("a line of the mount table is not understood: " + line, e);
    }
  }

  /** Blanks and the like are written as three octal digits; what is left are bytes of UTF-8. */
  private static String unescaped(String field) {
    String bytes =
        OCTAL
            .matcher(field)
            .replaceAll(
                match ->
                    Matcher.quoteReplacement(
                        String.valueOf((char) Integer.parseInt(match.group(1), 8))));
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  /**
   * The mount that a file lies in.
   *
   * @param real its path, without symbolic links
   * @param device of the file, {@code major:minor}. It settles which mount is meant where a later
   *     one hides others: of the mounts that the path leads through, the innermost of this device,
   *     or the innermost at all where none has it
   */
  Optional<Mount> of(Path real, String device) {
    List<Mount> innermostFirst = new ArrayList<>(mounts);
    Collections.reverse(innermostFirst); // the later one first, where depths are equal
    innermostFirst.removeIf(mount -> !real.startsWith(mount.mountPoint()));
    innermostFirst.sort(
        Comparator.comparingInt((Mount mount) -> mount.mountPoint().getNameCount()).reversed());
    return innermostFirst.stream()
        .filter(mount -> mount.device().equals(device))
        .findFirst()
        .or(() -> innermostFirst.stream().findFirst());
  }

  /** Mounts at places below a directory. */
  List<Mount> below(Path real) {
    return mounts.stream()
        .filter(mount -> mount.mountPoint().startsWith(real) && !mount.mountPoint().equals(real))
        .toList();
  }
}
