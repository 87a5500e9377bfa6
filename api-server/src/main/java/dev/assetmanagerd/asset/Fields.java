package dev.assetmanagerd.asset;

import com.google.protobuf.ProtocolMessageEnum;
import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The rules for single fields of a request. Each method takes the field's name as the caller knows
 * it, and returns the value as the rest of the program may use it, or throws {@code
 * INVALID_ARGUMENT} naming field, value and rule.
 *
 * <table>
 * <caption>Limits</caption>
 * <tr><td>ids</td><td>1 to 128 of {@code A-Z a-z 0-9 . _ -}, first a letter or digit, no ".."</td></tr>
 * <tr><td>names, callers</td><td>at most 256 characters</td></tr>
 * <tr><td>locations, paths, image names</td><td>at most 1024 characters</td></tr>
 * <tr><td>labels</td><td>at most 64; keys 1 to 128 and values at most 1024 characters</td></tr>
 * <tr><td>every text</td><td>no control characters, no ".." between slashes</td></tr>
 * </table>
 */
final class Fields {
  static final int MAX_ID_CHARS = 128;
  static final int MAX_NAME_CHARS = 256;
  static final int MAX_LOCATION_CHARS = 1024;
  static final int MAX_LABELS = 64;
  static final int MAX_LABEL_KEY_CHARS = 128;
  static final int MAX_LABEL_VALUE_CHARS = 1024;

  /** Ten years. */
  static final long MAX_SECONDS = 10L * 366 * 24 * 60 * 60;

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern CHECKSUM = Pattern.compile("[0-9a-fA-F]{64}");
  private static final Pattern PARENT_SEGMENT = Pattern.compile("(^|[/\\\\])\\.\\.($|[/\\\\])");
  private static final String CHECKSUM_PREFIX = "sha256:";

  private Fields() {}

  static String id(String field, String value) {
    if (value.isEmpty()) {
      throw ApiErrors.invalid(field, "must not be empty");
    }
    if (!ID.matcher(value).matches()) {
      throw ApiErrors.invalid(
          field,
          value,
          "must be 1 to "
              + MAX_ID_CHARS
              + " letters, digits, dots, underscores or dashes, the first a letter or digit");
    }
    if (value.contains("..")) {
      throw ApiErrors.invalid(field, value, "must not contain \"..\"");
    }
    return value;
  }

  static String optionalId(String field, String value) {
    return value.isEmpty() ? value : id(field, value);
  }

  static String text(String field, String value, int maxChars) {
    int chars = value.codePointCount(0, value.length());
    if (chars > maxChars) {
      throw ApiErrors.invalid(
          field, value, "has " + chars + " characters; at most " + maxChars + " are allowed");
    }
    if (value.codePoints().anyMatch(Character::isISOControl)) {
      throw ApiErrors.invalid(field, value, "must not contain control characters");
    }
    if (PARENT_SEGMENT.matcher(value).find()) {
      throw ApiErrors.invalid(field, value, "must not contain the path segment \"..\"");
    }
    return value;
  }

  static String requiredText(String field, String value, int maxChars) {
    if (value.isBlank()) {
      throw ApiErrors.invalid(field, "must not be empty");
    }
    return text(field, value, maxChars);
  }

  static Map<String, String> labels(String field, Map<String, String> labels) {
    if (labels.size() > MAX_LABELS) {
      throw ApiErrors.invalid(
          field, "has " + labels.size() + " entries; at most " + MAX_LABELS + " are allowed");
    }
    labels.forEach(
        (key, value) -> {
          requiredText(field + " (key)", key, MAX_LABEL_KEY_CHARS);
          text(field + "[" + ApiErrors.quoted(key) + "]", value, MAX_LABEL_VALUE_CHARS);
        });
    return labels;
  }

  /** 64 lower-case hexadecimal digits, or empty where none was given. */
  static String optionalChecksum(String field, String value) {
    String hex =
        value.startsWith(CHECKSUM_PREFIX) ? value.substring(CHECKSUM_PREFIX.length()) : value;
    if (value.isEmpty()) {
      return value;
    }
    if (!CHECKSUM.matcher(hex).matches()) {
      throw ApiErrors.invalid(
          field, value, "must be a SHA-256 of 64 hexadecimal digits, \"sha256:\" before it or not");
    }
    return hex.toLowerCase(Locale.ROOT);
  }

  static long size(String field, long bytes, long maxBytes) {
    if (bytes < 0) {
      throw ApiErrors.invalid(field, "is " + bytes + "; must not be negative");
    }
    if (bytes > maxBytes) {
      throw ApiErrors.invalid(
          field, "is " + bytes + "; assets may have at most " + maxBytes + " bytes");
    }
    return bytes;
  }

  static long seconds(String field, long seconds) {
    if (seconds < 0 || seconds > MAX_SECONDS) {
      throw ApiErrors.invalid(
          field, "is " + seconds + "; must be from 0 to " + MAX_SECONDS + " (ten years)");
    }
    return seconds;
  }

  static AssetType anyType(String field, int number) {
    return known(field, AssetType.forNumber(number), number);
  }

  static AssetType type(String field, int number) {
    AssetType type = anyType(field, number);
    if (type == AssetType.ASSET_TYPE_UNSPECIFIED) {
      throw ApiErrors.invalid(field, "must be given");
    }
    return type;
  }

  static AssetStatus anyStatus(String field, int number) {
    return known(field, AssetStatus.forNumber(number), number);
  }

  static StorageBackend anyBackend(String field, int number) {
    return known(field, StorageBackend.forNumber(number), number);
  }

  private static <E extends Enum<E> & ProtocolMessageEnum> E known(
      String field, @Nullable E value, int number) {
    if (value == null) {
      throw ApiErrors.invalid(field, "is " + number + ", which is not one of its known values");
    }
    return value;
  }
}
