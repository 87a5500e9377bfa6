package dev.assetmanagerd.storage.blob;

import java.util.regex.Pattern;

/**
 * A SHA-256 digest.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record Sha256(String hex) {
  private static final Pattern SYNTAX = Pattern.compile("[0-9a-f]{64}");

  public Sha256 {
    if (!SYNTAX.matcher(hex).matches()) {
      throw new IllegalArgumentException("not 64 lower-case hexadecimal digits: " + hex);
    }
  }

  /** The location of the blob with this digest in every store: {@code ab/abcd…}. */
  public String location() {
    return hex.substring(0, 2) + "/" + hex;
  }

  @Override
  public String toString() {
    return hex;
  }
}
