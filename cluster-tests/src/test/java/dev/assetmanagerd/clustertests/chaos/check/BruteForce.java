package dev.assetmanagerd.clustertests.chaos.check;

import java.util.List;

/** Tries every order there is. Only for a few operations. */
final class BruteForce {
  private BruteForce() {}

  static <S, I> boolean isLinearizable(Model<S, I> model, List<Operation<I>> history) {
    return canGoOn(model, model.initial(), history, new boolean[history.size()]);
  }

  private static <S, I> boolean canGoOn(
      Model<S, I> model, S state, List<Operation<I>> history, boolean[] done) {
    boolean complete = true;
    for (int i = 0; i < done.length; i++) {
      complete &= done[i] || history.get(i).optional();
    }
    if (complete) {
      return true;
    }
    for (int i = 0; i < done.length; i++) {
      if (!done[i] && mayBeNext(history, done, i)) {
        S after = model.step(state, history.get(i).input());
        if (after != null) {
          done[i] = true;
          boolean found = canGoOn(model, after, history, done);
          done[i] = false;
          if (found) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /** Nothing that is left had returned when it was invoked. */
  private static <I> boolean mayBeNext(List<Operation<I>> history, boolean[] done, int next) {
    for (int i = 0; i < done.length; i++) {
      if (!done[i] && history.get(i).returnNanos() < history.get(next).invokeNanos()) {
        return false;
      }
    }
    return true;
  }
}
