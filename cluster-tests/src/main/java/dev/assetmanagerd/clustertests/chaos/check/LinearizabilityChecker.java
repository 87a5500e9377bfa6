package dev.assetmanagerd.clustertests.chaos.check;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;

/**
 * Decides whether a concurrent history can be explained by a model that does one operation at a
 * time, each at some moment between its call and its return. Immutable; every check is on its own
 * and on the calling thread.
 *
 * <p>The search is that of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993): take
 * an operation that no other has returned before, let the model do it, go on with the rest; where
 * nothing fits, undo the last choice. With Lowe's additions ("Testing for Linearizability", 2017):
 * a configuration, that is the set of placed operations and the state, is never visited twice; and
 * a linked list of calls and returns gives the candidates. The problem stays NP-complete; histories
 * of a service that works are easy all the same, since nearly every first choice is right.
 *
 * <p>A few things are added, and each leaves the answer the same:
 *
 * <ul>
 *   <li>A read that fits is placed at once and for good. Whatever explains the rest, explains it
 *       with the read in front, too, for a read changes nothing and nothing had to go before it.
 *   <li>Operations that may or may not have taken effect, as those of unknown outcome, are tried
 *       only when nothing else fits, and only where they change something. Nothing has to wait for
 *       them.
 *   <li>Of several of those that can stand in for each other, the model may tell, the one that was
 *       invoked first is tried first. So it matters how many took effect and not which.
 *   <li>A history is split by what it is about before it comes here: one that is linearizable for
 *       each object is so as a whole (Herlihy and Wing, 1990).
 * </ul>
 *
 * @param <S> states of the model
 * @param <I> operations of the model
 */
public final class LinearizabilityChecker<S, I> {
  private final Model<S, I> model;

  /** A checker against a model. */
  public LinearizabilityChecker(Model<S, I> model) {
    this.model = model;
  }

  /** Checks a history within a budget of its own. */
  public Linearization<I> check(List<Operation<I>> history, Budget budget) {
    return check(history, System.nanoTime() + budget.time().toNanos(), budget);
  }

  /**
   * Checks a history until a moment.
   *
   * @param deadlineNanos of {@link System#nanoTime}
   * @param budget its memory is for this search; its time is only told
   */
  Linearization<I> check(List<Operation<I>> history, long deadlineNanos, Budget budget) {
    return new Search<>(
            model,
            sorted(history, false),
            sorted(history, true),
            new Limit(deadlineNanos, budget.time(), budget.bytes()))
        .run();
  }

  private static <I> List<Operation<I>> sorted(List<Operation<I>> history, boolean optional) {
    return history.stream()
        .filter(operation -> operation.optional() == optional)
        .sorted(Comparator.comparingLong(Operation::invokeNanos))
        .toList();
  }

  /** When a search gives up. */
  record Limit(long deadlineNanos, Duration time, long bytes) {}
}
