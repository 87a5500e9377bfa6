package dev.assetmanagerd.clustertests.chaos.history;

/**
 * An asset in an answer.
 *
 * @param asset its id
 * @param status as the API spells it, without the prefix: {@code AVAILABLE}, {@code DELETING}...
 * @param references its number of leases; {@link #NOT_SAID} where the answer does not have it
 * @param content what tells it from other assets of the same id, such as its checksum; may be empty
 */
public record Seen(String asset, String status, int references, String content) {
  /** References of an answer without them. */
  public static final int NOT_SAID = -1;

  /** Status of an asset that can be used. */
  public static final String AVAILABLE = "AVAILABLE";

  /** An asset that can be used. */
  public static Seen available(String asset, int references, String content) {
    return new Seen(asset, AVAILABLE, references, content);
  }
}
