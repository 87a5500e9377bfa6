package dev.assetmanagerd.clustertests.chaos.check;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Calls and returns of operations by time, as a doubly linked list from which an operation is
 * lifted out and put back again in no time, in the reverse order. Nodes are numbers; 0 is before
 * the first.
 */
final class EventList {
  static final int HEAD = 0;

  private final int end;
  private final int[] next;
  private final int[] previous;
  private final int[] operationOf;
  private final boolean[] isCall;
  private final int[] callOf;
  private final int[] returnOf;
  private final long[] times;

  /**
   * @param operations by time of invocation
   */
  EventList(List<? extends Operation<?>> operations) {
    int count = operations.size();
    this.end = 2 * count + 1;
    this.next = new int[end + 1];
    this.previous = new int[end + 1];
    this.operationOf = new int[end + 1];
    this.isCall = new boolean[end + 1];
    this.times = new long[end + 1];
    this.callOf = new int[count];
    this.returnOf = new int[count];
    Arrays.fill(operationOf, -1);
    times[end] = Long.MAX_VALUE;
    int node = HEAD;
    for (int event : inOrder(operations)) {
      node++;
      place(node, event, operations.get(event >> 1));
    }
    for (int i = 0; i < end; i++) {
      next[i] = i + 1;
      previous[i + 1] = i;
    }
  }

  /** Twice the operation's index, and one more for the return. At the same time, calls go first. */
  private static int[] inOrder(List<? extends Operation<?>> operations) {
    return IntStream.range(0, 2 * operations.size())
        .boxed()
        .sorted(
            Comparator.<Integer>comparingLong(event -> timeOf(event, operations))
                .thenComparingInt(event -> event & 1)
                .thenComparingInt(event -> event))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static long timeOf(int event, List<? extends Operation<?>> operations) {
    Operation<?> operation = operations.get(event >> 1);
    return (event & 1) == 0 ? operation.invokeNanos() : operation.returnNanos();
  }

  private void place(int node, int event, Operation<?> operation) {
    int index = event >> 1;
    operationOf[node] = index;
    isCall[node] = (event & 1) == 0;
    times[node] = isCall[node] ? operation.invokeNanos() : operation.returnNanos();
    (isCall[node] ? callOf : returnOf)[index] = node;
  }

  int after(int node) {
    return next[node];
  }

  boolean isCall(int node) {
    return isCall[node];
  }

  /** The operation that a node is of. */
  int operation(int node) {
    return operationOf[node];
  }

  int callOf(int operation) {
    return callOf[operation];
  }

  boolean isEmpty() {
    return next[HEAD] == end;
  }

  /** The operation that was invoked first of those left; of an empty list, one past the last. */
  int first() {
    return isEmpty() ? callOf.length : operationOf[next[HEAD]];
  }

  /** The time of the first return: whatever comes next, it was invoked before. */
  long firstReturn() {
    int node = next[HEAD];
    while (isCall[node]) {
      node = next[node];
    }
    return times[node];
  }

  void lift(int operation) {
    unlink(callOf[operation]);
    unlink(returnOf[operation]);
  }

  void putBack(int operation) {
    link(returnOf[operation]);
    link(callOf[operation]);
  }

  private void unlink(int node) {
    next[previous[node]] = next[node];
    previous[next[node]] = previous[node];
  }

  private void link(int node) {
    next[previous[node]] = node;
    previous[next[node]] = node;
  }
}
