package dev.assetmanagerd.storage.blob;

import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A SHA-256 digest.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record Sha256(String hex) {
  private static final Pattern SYNTAX = Pattern.compile("[0-9a-f]{64}");

  /** The number 1 is not written. */
  private static final String NUMBER = "(\\.([2-9]|[1-9][0-9]{1,8}))?";

  private static final Pattern NUMBER_SYNTAX = Pattern.compile(NUMBER);
  private static final Pattern FILE_NAME_SYNTAX = Pattern.compile("[0-9a-f]{64}" + NUMBER);

  public Sha256 {
    if (!SYNTAX.matcher(hex).matches()) {
      throw new IllegalArgumentException("not 64 lower-case hexadecimal digits: " + hex);
    }
  }

  /** The digest of these 32 bytes. */
  public static Sha256 of(byte[] bytes) {
    return new Sha256(HexFormat.of().formatHex(bytes));
  }

  /** Its 32 bytes. */
  public byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  /** The first location of the blob with this digest in every store: {@code ab/abcd…}. */
  public String location() {
    return hex.substring(0, 2) + "/" + hex;
  }

  /**
   * Whether a location is one of this digest: {@link #location()}, or that with a number behind it
   * from 2 on, {@code ab/abcd….2}. Bytes that come back while their last blob is being deleted go
   * to a location that no deletion knows.
   */
  public boolean isLocation(String location) {
    return location.startsWith(location())
        && NUMBER_SYNTAX.matcher(location.substring(location().length())).matches();
  }

  /** Whether a location is one of some digest. */
  public static boolean isLocationOfAny(String location) {
    int slash = location.indexOf('/');
    String name = location.substring(slash + 1);
    return slash == 2 && name.startsWith(location.substring(0, 2)) && isFileName(name);
  }

  /** Whether this is the last segment of some digest's location. */
  static boolean isFileName(String name) {
    return FILE_NAME_SYNTAX.matcher(name).matches();
  }

  @Override
  public String toString() {
    return hex;
  }
}
