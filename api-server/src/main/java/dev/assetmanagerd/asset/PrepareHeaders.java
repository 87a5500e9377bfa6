package dev.assetmanagerd.asset;

import dev.assetmanagerd.storage.place.FileOwner;
import dev.assetmanagerd.storage.place.Placement;
import dev.assetmanagerd.storage.place.PlacementException;
import io.grpc.Metadata;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the headers of a Prepare say about its files, checked.
 *
 * @param owner of the writable files
 * @param targetNames ids of assets to the names that their files are to have
 */
record PrepareHeaders(Optional<FileOwner> owner, Map<String, String> targetNames) {
  /** {@code 1000:1000}. */
  static final Metadata.Key<String> OWNER =
      Metadata.Key.of("assetmanager-owner", Metadata.ASCII_STRING_MARSHALLER);

  /** {@code asset1=name1, asset2=name2}. */
  static final Metadata.Key<String> TARGET_NAMES =
      Metadata.Key.of("assetmanager-target-names", Metadata.ASCII_STRING_MARSHALLER);

  static final String OWNER_NAME = "header Assetmanager-Owner";
  static final String TARGET_NAMES_NAME = "header Assetmanager-Target-Names";

  private static final Pattern OWNER_SYNTAX = Pattern.compile("(\\d{1,10}):(\\d{1,10})");

  PrepareHeaders {
    targetNames = Map.copyOf(targetNames);
  }

  /** Throws {@code INVALID_ARGUMENT} where a header is malformed. */
  static PrepareHeaders of(Metadata headers) {
    return new PrepareHeaders(owner(headers.get(OWNER)), names(headers.get(TARGET_NAMES)));
  }

  private static Optional<FileOwner> owner(@Nullable String value) {
    if (value == null) {
      return Optional.empty();
    }
    Matcher matcher = OWNER_SYNTAX.matcher(value.trim());
    if (!matcher.matches()) {
      throw badOwner(value);
    }
    long uid = Long.parseLong(matcher.group(1));
    long gid = Long.parseLong(matcher.group(2));
    if (uid > Integer.MAX_VALUE || gid > Integer.MAX_VALUE) {
      throw badOwner(value);
    }
    return Optional.of(new FileOwner((int) uid, (int) gid));
  }

  private static RuntimeException badOwner(String value) {
    return ApiErrors.invalid(
        OWNER_NAME,
        value,
        "must be uid:gid, two numbers from 0 to " + Integer.MAX_VALUE + " such as \"1000:1000\"");
  }

  private static Map<String, String> names(@Nullable String value) {
    Map<String, String> names = new LinkedHashMap<>();
    if (value == null) {
      return names;
    }
    for (String entry : value.split(",", -1)) {
      int equals = entry.indexOf('=');
      if (equals < 0) {
        throw ApiErrors.invalid(TARGET_NAMES_NAME, value, "must be \"asset1=name1, asset2=name2\"");
      }
      String id = Fields.id(TARGET_NAMES_NAME, entry.substring(0, equals).trim());
      String name = entry.substring(equals + 1).trim();
      try {
        Placement.checkFileName(name);
      } catch (PlacementException e) {
        throw ApiErrors.invalid(TARGET_NAMES_NAME, String.valueOf(e.getMessage()));
      }
      if (names.put(id, name) != null) {
        throw ApiErrors.invalid(TARGET_NAMES_NAME, id, "is named twice");
      }
    }
    return names;
  }

  /** What an idempotency key has to be repeated with; empty without any of these headers. */
  String fingerprint() {
    if (owner.isEmpty() && targetNames.isEmpty()) {
      return "";
    }
    return owner.map(FileOwner::toString).orElse("") + new java.util.TreeMap<>(targetNames);
  }
}
