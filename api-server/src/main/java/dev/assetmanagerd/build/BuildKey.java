package dev.assetmanagerd.build;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** What makes two wishes for a build the same. */
public final class BuildKey {
  private BuildKey() {}

  /**
   * The same for the same image and labels, and different for others: SHA-256, 64 lower-case
   * hexadecimal digits.
   */
  public static String of(String image, Map<String, String> labels) {
    Hasher hasher = Hashing.sha256().newHasher();
    put(hasher, image);
    new TreeMap<>(labels)
        .forEach(
            (name, value) -> {
              put(hasher, name);
              put(hasher, value);
            });
    return hasher.hash().toString();
  }

  /** With its length, so that the border between two texts cannot be moved. */
  private static void put(Hasher hasher, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    hasher.putInt(bytes.length).putBytes(bytes);
  }
}
