package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.Linearization.Attempt;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One search of a {@link LinearizabilityChecker}, which says how it goes. Runs once. */
final class Search<S, I> {
  private static final int STEPS_BETWEEN_LOOKS = 256;

  /** A choice that was made, and the state before it. */
  private record Choice<S>(int operation, boolean optional, boolean forGood, S before) {}

  private enum Advance {
    PLACED,
    NOTHING_FITS
  }

  private final Model<S, I> model;
  private final List<Operation<I>> must;
  private final List<Operation<I>> optional;
  private final LinearizabilityChecker.Limit limit;
  private final EventList events;
  private final OpenOptions options;
  private final BitSet placed = new BitSet();
  private final BitSet chosen = new BitSet();
  private final Visited<S> visited = new Visited<>();
  private final List<Choice<S>> choices = new ArrayList<>();
  private S state;
  private int placedCount;
  private int furthest = -1;
  private @Nullable Attempt<I> best;
  private long steps;

  /**
   * @param must operations that took effect, by time of invocation
   * @param optional operations that may have, likewise
   */
  Search(
      Model<S, I> model,
      List<Operation<I>> must,
      List<Operation<I>> optional,
      LinearizabilityChecker.Limit limit) {
    this.model = model;
    this.must = must;
    this.optional = optional;
    this.limit = limit;
    this.events = new EventList(must);
    this.options = OpenOptions.of(optional, model);
    this.state = model.initial();
  }

  Linearization<I> run() {
    Advance advance = events.isEmpty() ? Advance.PLACED : advance();
    while (!events.isEmpty()) {
      if (steps++ % STEPS_BETWEEN_LOOKS == 0) {
        String exceeded = exceeded();
        if (exceeded != null) {
          noteHowFar();
          return new Linearization.Undecided<>(bestAttempt(), exceeded);
        }
      }
      if (advance == Advance.PLACED) {
        advance = advance();
      } else {
        noteHowFar();
        Choice<S> last = undo();
        if (last == null) {
          return new Linearization.Violation<>(bestAttempt());
        }
        advance = tryAfter(last);
      }
    }
    return new Linearization.Found<>(order());
  }

  private @Nullable String exceeded() {
    if (System.nanoTime() - limit.deadlineNanos() >= 0) {
      return "no answer within " + limit.time() + ", after " + visited.size() + " configurations";
    }
    if (visited.bytes() > limit.bytes()) {
      return "no answer with " + (limit.bytes() >> 20) + " MiB";
    }
    return null;
  }

  /** Places one more operation. */
  private Advance advance() {
    for (int node = events.after(EventList.HEAD); events.isCall(node); node = events.after(node)) {
      I input = must.get(events.operation(node)).input();
      if (model.isRead(input) && model.step(state, input) != null) {
        // If this leads nowhere, nothing does.
        return place(events.operation(node), true, state) ? Advance.PLACED : Advance.NOTHING_FITS;
      }
    }
    return tryFrom(events.after(EventList.HEAD));
  }

  private Advance tryAfter(Choice<S> last) {
    if (last.forGood()) {
      return Advance.NOTHING_FITS;
    }
    return last.optional()
        ? tryOptions(options.after(last.operation()))
        : tryFrom(events.after(events.callOf(last.operation())));
  }

  private Advance tryFrom(int from) {
    for (int node = from; events.isCall(node); node = events.after(node)) {
      int operation = events.operation(node);
      S after = model.step(state, must.get(operation).input());
      if (after != null && place(operation, false, after)) {
        return Advance.PLACED;
      }
    }
    return tryOptions(options.first());
  }

  private Advance tryOptions(int from) {
    long until = events.firstReturn();
    int mostUrgent = mostUrgent(until);
    for (int option = from;
        option != OpenOptions.NONE && optional.get(option).invokeNanos() <= until;
        option = options.after(option)) {
      int first = options.earlierKin(option);
      boolean another =
          model.dueBy(optional.get(option).input()) == null
              ? first != OpenOptions.NONE && !chosen.get(first)
              : option != mostUrgent;
      if (another) {
        continue;
      }
      S after = model.step(state, optional.get(option).input());
      if (after != null && !after.equals(state) && placeOptional(option, after)) {
        return Advance.PLACED;
      }
    }
    return Advance.NOTHING_FITS;
  }

  private int mostUrgent(long until) {
    int most = OpenOptions.NONE;
    long due = 0;
    for (int option = options.first();
        option != OpenOptions.NONE && optional.get(option).invokeNanos() <= until;
        option = options.after(option)) {
      I input = optional.get(option).input();
      Long dueBy = model.dueBy(input);
      if (dueBy != null
          && (most == OpenOptions.NONE || dueBy < due)
          && model.step(state, input) != null) {
        most = option;
        due = dueBy;
      }
    }
    return most;
  }

  private boolean place(int operation, boolean forGood, S after) {
    events.lift(operation);
    placed.set(operation);
    if (isNew(after)) {
      choices.add(new Choice<>(operation, false, forGood, state));
      state = after;
      placedCount++;
      return true;
    }
    placed.clear(operation);
    events.putBack(operation);
    return false;
  }

  private boolean placeOptional(int option, S after) {
    options.lift(option);
    chosen.set(option);
    if (isNew(after)) {
      choices.add(new Choice<>(option, true, false, state));
      state = after;
      return true;
    }
    chosen.clear(option);
    options.putBack(option);
    return false;
  }

  private boolean isNew(S after) {
    return visited.add(events.first(), placed, chosen, after, model.sizeOf(after));
  }

  private @Nullable Choice<S> undo() {
    if (choices.isEmpty()) {
      return null;
    }
    Choice<S> last = choices.remove(choices.size() - 1);
    state = last.before();
    if (last.optional()) {
      chosen.clear(last.operation());
      options.putBack(last.operation());
    } else {
      placedCount--;
      placed.clear(last.operation());
      events.putBack(last.operation());
    }
    return last;
  }

  private void noteHowFar() {
    if (placedCount > furthest) {
      furthest = placedCount;
      List<Operation<I>> stuck = new ArrayList<>();
      for (int node = events.after(EventList.HEAD);
          events.isCall(node);
          node = events.after(node)) {
        stuck.add(must.get(events.operation(node)));
      }
      best = new Attempt<>(order(), model.describe(state), stuck);
    }
  }

  private Attempt<I> bestAttempt() {
    return best == null ? new Attempt<>(List.of(), model.describe(state), List.of()) : best;
  }

  private List<Operation<I>> order() {
    List<Operation<I>> order = new ArrayList<>(choices.size());
    for (Choice<S> choice : choices) {
      order.add((choice.optional() ? optional : must).get(choice.operation()));
    }
    return order;
  }
}
