package dev.assetmanagerd.clustertests.chaos.check;

import org.jspecify.annotations.Nullable;

/**
 * A thing that does one operation at a time; what a concurrent history is compared with. Stateless.
 *
 * @param <S> a state; immutable, with equals and hashCode
 * @param <I> an operation together with what it was answered
 */
public interface Model<S, I> {
  /** The state before all operations. */
  S initial();

  /** The state after an operation; null where it cannot be answered like this in that state. */
  @Nullable S step(S state, I operation);

  /** Whether an operation leaves every state as it is. */
  boolean isRead(I operation);

  /**
   * What is the same for optional operations that can stand in for each other: whatever explains a
   * history with a later one of them and without an earlier, or with the later one first, can be
   * had with the earlier one first, too. Null for an operation that nothing can stand in for.
   */
  default @Nullable Object kin(I operation) {
    return null;
  }

  /**
   * For optional operations of which it matters only how many take effect, and by when each has to
   * at last: that moment, {@link Operation#NEVER} without one. Of those that are possible, the most
   * urgent stands in for all. Null for other operations.
   */
  default @Nullable Long dueBy(I operation) {
    return null;
  }

  /** A state, for a person. */
  String describe(S state);

  /** About how much memory a state takes, in bytes. */
  int sizeOf(S state);
}
