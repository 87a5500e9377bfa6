package dev.assetmanagerd.registry;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A location that is made of the bytes it holds: {@code ab/abcd…}, and {@code ab/abcd….2}, {@code
 * .3} and so on for bytes that come again after a blob of them was deleted.
 *
 * @param checksum lower-case hexadecimal SHA-256
 * @param number 1 for the plain name
 */
record BlobName(String checksum, long number) {
  /** Highest number that a name can have. */
  static final long MAX_NUMBER = 999_999_999;

  private static final Pattern CHECKSUM = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern LOCATION =
      Pattern.compile("([0-9a-f]{2})/(\\1[0-9a-f]{62})(?:\\.([1-9][0-9]{0,8}))?");

  /** Whether a text is a SHA-256 as it is written in the registry. */
  static boolean isChecksum(String text) {
    return CHECKSUM.matcher(text).matches();
  }

  /** Empty for a location of another form. */
  static Optional<BlobName> parse(String location) {
    Matcher matcher = LOCATION.matcher(location);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String number = matcher.group(3);
    if ("1".equals(number)) {
      return Optional.empty();
    }
    return Optional.of(new BlobName(matcher.group(2), number == null ? 1 : Long.parseLong(number)));
  }

  String location() {
    String plain = checksum.substring(0, 2) + "/" + checksum;
    return number == 1 ? plain : plain + "." + number;
  }
}
