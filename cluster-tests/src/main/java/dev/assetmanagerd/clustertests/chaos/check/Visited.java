package dev.assetmanagerd.clustertests.chaos.check;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;

/**
 * The configurations a search has been in: which operations were placed, and the state they led to.
 * Compared exactly, so nothing is taken for seen that was not.
 *
 * <p>Of the operations that must be placed, all before some first one are, and none far behind it,
 * since no more are concurrent than there are processes; only the part between is kept.
 */
final class Visited<S> {
  private static final int ENTRY_BYTES = 112;

  private static final class Configuration<S> {
    private final int first;
    private final long[] placed;
    private final long[] optional;
    private final S state;
    private final int hash;

    private Configuration(int first, long[] placed, long[] optional, S state, int hash) {
      this.first = first;
      this.placed = placed;
      this.optional = optional;
      this.state = state;
      this.hash = hash;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Configuration<?> that
          && hash == that.hash
          && first == that.first
          && Arrays.equals(placed, that.placed)
          && Arrays.equals(optional, that.optional)
          && state.equals(that.state);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  private final Set<Configuration<S>> configurations = new HashSet<>();
  private long bytes;

  /**
   * Remembers a configuration.
   *
   * @param first of the operations that must be placed, the first that is not
   * @param placed of those
   * @param optional placed ones of those that need not be
   * @param stateBytes about
   * @return whether it is a new one
   */
  boolean add(int first, BitSet placed, BitSet optional, S state, int stateBytes) {
    long[] window = placed.get(first, Math.max(first, placed.length())).toLongArray();
    long[] chosen = optional.toLongArray();
    int hash = first;
    hash = hash * 31 + Arrays.hashCode(window);
    hash = hash * 31 + Arrays.hashCode(chosen);
    hash = hash * 31 + state.hashCode();
    boolean isNew = configurations.add(new Configuration<>(first, window, chosen, state, hash));
    if (isNew) {
      bytes += ENTRY_BYTES + 8L * (window.length + chosen.length) + stateBytes;
    }
    return isNew;
  }

  long bytes() {
    return bytes;
  }

  int size() {
    return configurations.size();
  }
}
