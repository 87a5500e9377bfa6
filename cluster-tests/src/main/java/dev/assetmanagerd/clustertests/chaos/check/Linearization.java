package dev.assetmanagerd.clustertests.chaos.check;

import java.util.List;

/**
 * What a search found.
 *
 * @param <I> what the model takes
 */
public sealed interface Linearization<I> {
  /**
   * An order that explains the history.
   *
   * @param order the operations that took effect, one after the other
   */
  record Found<I>(List<Operation<I>> order) implements Linearization<I> {}

  /**
   * There is none.
   *
   * @param attempt the one that came furthest
   */
  record Violation<I>(Attempt<I> attempt) implements Linearization<I> {}

  /**
   * The budget was used up first.
   *
   * @param attempt the one that came furthest
   * @param why which bound was hit
   */
  record Undecided<I>(Attempt<I> attempt, String why) implements Linearization<I> {}

  /**
   * An order that explains a part of the history and cannot be continued.
   *
   * @param prefix the operations that could be placed, one after the other
   * @param state of the model after them
   * @param stuck operations of which one would have to be next, and none can
   */
  record Attempt<I>(List<Operation<I>> prefix, String state, List<Operation<I>> stuck) {}
}
