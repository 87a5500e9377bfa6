package dev.assetmanagerd.clustertests.chaos.check;

import java.util.Arrays;

/**
 * What one asset is, as far as clients can tell. Immutable.
 *
 * <p>Leases are numbers of a {@link LeaseTable}, sorted.
 */
final class AssetState {
  /** Whether there is such an asset. */
  enum Phase {
    /** There is none. */
    ABSENT,
    AVAILABLE,
    /** It has been deleted; its record may be there for a while yet. */
    DELETED
  }

  static final int[] NONE = {};
  static final AssetState ABSENT = new AssetState(Phase.ABSENT, AssetOperation.ANY, NONE, 0, NONE);

  private final Phase phase;
  private final int content;
  private final int[] leases;
  private final int nameless;
  private final int[] released;
  private final int hash;

  private AssetState(Phase phase, int content, int[] leases, int nameless, int[] released) {
    this.phase = phase;
    this.content = content;
    this.leases = leases;
    this.nameless = nameless;
    this.released = released;
    this.hash =
        ((phase.hashCode() * 31 + content) * 31 + nameless) * 31
            + Arrays.hashCode(leases) * 31
            + Arrays.hashCode(released);
  }

  Phase phase() {
    return phase;
  }

  boolean isAvailable() {
    return phase == Phase.AVAILABLE;
  }

  int content() {
    return content;
  }

  /** What {@code reference_count} is. */
  int references() {
    return leases.length + nameless;
  }

  /** Leases of acquires whose answer nobody got, and that do not end by themselves. */
  int nameless() {
    return nameless;
  }

  int[] leases() {
    return leases;
  }

  boolean has(int lease) {
    return Arrays.binarySearch(leases, lease) >= 0;
  }

  boolean remembers(int lease) {
    return Arrays.binarySearch(released, lease) >= 0;
  }

  AssetState registered(int newContent) {
    return new AssetState(Phase.AVAILABLE, newContent, NONE, 0, released);
  }

  AssetState with(int lease) {
    return new AssetState(phase, content, added(leases, lease), nameless, released);
  }

  AssetState withNameless() {
    return new AssetState(phase, content, leases, nameless + 1, released);
  }

  AssetState without(int lease) {
    return new AssetState(phase, content, removed(leases, lease), nameless, released);
  }

  AssetState remembering(int lease) {
    return remembers(lease)
        ? this
        : new AssetState(phase, content, leases, nameless, added(released, lease));
  }

  AssetState deleted() {
    return new AssetState(Phase.DELETED, AssetOperation.ANY, NONE, 0, released);
  }

  AssetState purged() {
    return new AssetState(Phase.ABSENT, AssetOperation.ANY, NONE, 0, released);
  }

  private static int[] added(int[] sorted, int number) {
    int at = -Arrays.binarySearch(sorted, number) - 1;
    if (at < 0) {
      throw new IllegalStateException("the lease is there already");
    }
    int[] more = new int[sorted.length + 1];
    System.arraycopy(sorted, 0, more, 0, at);
    more[at] = number;
    System.arraycopy(sorted, at, more, at + 1, sorted.length - at);
    return more;
  }

  private static int[] removed(int[] sorted, int number) {
    int at = Arrays.binarySearch(sorted, number);
    int[] fewer = new int[sorted.length - 1];
    System.arraycopy(sorted, 0, fewer, 0, at);
    System.arraycopy(sorted, at + 1, fewer, at, fewer.length - at);
    return fewer;
  }

  int bytes() {
    return 96 + 4 * (leases.length + released.length);
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof AssetState that
            && hash == that.hash
            && phase == that.phase
            && content == that.content
            && nameless == that.nameless
            && Arrays.equals(leases, that.leases)
            && Arrays.equals(released, that.released));
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
