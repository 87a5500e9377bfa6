package dev.assetmanagerd.storage.blob;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of what a store has set aside: they begin with the time, so that the oldest sort first, and
 * end with the name of the blob, where that is one of ours. Other blobs may have names too long for
 * that, and the log tells which they were.
 */
public final class SetAsideName {
  private static final Pattern OF_OURS = Pattern.compile("[0-9]{13}-[0-9a-f-]{36}-(.+)");
  private static final int SHARD_CHARS = 2;

  /** Asks a store. */
  @FunctionalInterface
  public interface IsThere {
    /** Whether there is anything at a location. */
    boolean test(String location) throws IOException;
  }

  private SetAsideName() {}

  /**
   * A new name, of at most 128 characters.
   *
   * @param now by the clock of the store
   */
  public static String of(String location, Instant now) {
    String name = "%013d-%s".formatted(now.toEpochMilli(), UUID.randomUUID());
    return Sha256.isLocationOfAny(location)
        ? name + "-" + location.substring(location.indexOf('/') + 1)
        : name;
  }

  /** Where it was; empty where the name does not tell. */
  static Optional<String> locationOf(String name) {
    Matcher matcher = OF_OURS.matcher(name);
    if (!matcher.matches() || matcher.group(1).length() <= SHARD_CHARS) {
      return Optional.empty();
    }
    String location = matcher.group(1).substring(0, SHARD_CHARS) + "/" + matcher.group(1);
    return Optional.of(location).filter(Sha256::isLocationOfAny);
  }

  /**
   * What may be deleted: the oldest of those whose blob is in its place again, but for the last
   * {@link BlobQuarantine#MAX_SET_ASIDE}. What may be the only copy of some bytes, be they wrong or
   * not, is never among them.
   *
   * @param names all that was set aside
   */
  public static List<String> surplus(Collection<String> names, IsThere isThere) throws IOException {
    if (names.size() <= BlobQuarantine.MAX_SET_ASIDE) {
      return List.of();
    }
    List<String> restored = new ArrayList<>();
    for (String name : names.stream().sorted().toList()) {
      Optional<String> location = locationOf(name);
      if (location.isPresent() && isThere.test(location.get())) {
        restored.add(name);
      }
    }
    return List.copyOf(
        restored.subList(0, Math.max(0, restored.size() - BlobQuarantine.MAX_SET_ASIDE)));
  }
}
