package dev.assetmanagerd.clustertests.chaos.workload;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Draws steps by their weights. Immutable. */
final class Mix {
  private final Step[] steps;
  private final int[] upTo;

  private Mix(Set<Step> of) {
    steps = of.toArray(new Step[0]);
    upTo = new int[steps.length];
    int sum = 0;
    for (int i = 0; i < steps.length; i++) {
      sum += steps[i].weight();
      upTo[i] = sum;
    }
  }

  /** All steps. */
  static Mix ofAll() {
    return new Mix(EnumSet.allOf(Step.class));
  }

  /** All but one. */
  Mix without(Step step) {
    EnumSet<Step> rest = EnumSet.copyOf(Arrays.asList(steps));
    rest.remove(step);
    return new Mix(rest);
  }

  Step draw(RandomGenerator random) {
    int drawn = random.nextInt(upTo[upTo.length - 1]);
    int at = Arrays.binarySearch(upTo, drawn);
    return steps[at >= 0 ? at + 1 : -at - 1];
  }
}
