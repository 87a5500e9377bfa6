package dev.assetmanagerd.registry;

/**
 * A position in the Raft log.
 *
 * @param term term of the entry, 0 for {@link #NONE}
 * @param index index of the entry, -1 for {@link #NONE}
 */
public record LogPosition(long term, long index) {
  /** Before the first entry. */
  public static final LogPosition NONE = new LogPosition(0, -1);

  @Override
  public String toString() {
    return "(t:" + term + ", i:" + index + ")";
  }
}
