package dev.assetmanagerd.clustertests.chaos.check;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Optional operations that have not been chosen, as a linked list like {@link EventList}. */
final class OpenOptions {
  static final int NONE = -1;

  /** Node of an option is its index and one more. */
  private final int[] next;

  private final int[] previous;
  private final int[] earlierKin;

  private OpenOptions(int count) {
    earlierKin = new int[count];
    next = new int[count + 2];
    previous = new int[count + 2];
    for (int i = 0; i <= count; i++) {
      next[i] = i + 1;
      previous[i + 1] = i;
    }
  }

  /**
   * @param options by time of invocation
   */
  static <I> OpenOptions of(List<Operation<I>> options, Model<?, I> model) {
    OpenOptions open = new OpenOptions(options.size());
    Map<Object, Integer> latest = new HashMap<>();
    for (int i = 0; i < options.size(); i++) {
      @Nullable Object kin = model.kin(options.get(i).input());
      Integer earlier = kin == null ? null : latest.put(kin, i);
      open.earlierKin[i] = earlier == null ? NONE : earlier;
    }
    return open;
  }

  /** The option before that has to be chosen first; {@link #NONE} without one. */
  int earlierKin(int option) {
    return earlierKin[option];
  }

  int first() {
    return option(next[0]);
  }

  int after(int option) {
    return option(next[option + 1]);
  }

  void lift(int option) {
    int node = option + 1;
    next[previous[node]] = next[node];
    previous[next[node]] = previous[node];
  }

  void putBack(int option) {
    int node = option + 1;
    next[previous[node]] = node;
    previous[next[node]] = node;
  }

  private int option(int node) {
    return node == next.length - 1 ? NONE : node - 1;
  }
}
