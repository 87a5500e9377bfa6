package dev.assetmanagerd.clustertests.chaos.check;

/**
 * One operation of a history.
 *
 * @param input what it asked for and was answered
 * @param invokeNanos it took effect after that
 * @param returnNanos it took effect before that; {@link #NEVER} where it may do so at any time
 * @param optional whether it may as well not have taken effect at all
 * @param call number of the call that it comes from
 * @param <I> what the model takes
 */
public record Operation<I>(
    I input, long invokeNanos, long returnNanos, boolean optional, long call) {
  /** Return of an operation that never did. */
  public static final long NEVER = Long.MAX_VALUE;

  /** Checks the order of the times. */
  public Operation {
    if (returnNanos < invokeNanos) {
      throw new IllegalArgumentException(input + " returns before it is invoked");
    }
  }

  /** One that has surely taken effect. */
  public static <I> Operation<I> done(I input, long invokeNanos, long returnNanos, long call) {
    return new Operation<>(input, invokeNanos, returnNanos, false, call);
  }

  /** One that takes effect after a moment, or never. */
  public static <I> Operation<I> perhaps(I input, long invokeNanos, long call) {
    return new Operation<>(input, invokeNanos, NEVER, true, call);
  }
}
