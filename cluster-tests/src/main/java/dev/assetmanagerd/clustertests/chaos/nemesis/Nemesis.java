package dev.assetmanagerd.clustertests.chaos.nemesis;

import java.util.EnumSet;
import java.util.Set;

/**
 * One kind of harm.
 *
 * @param id its name on the command line and in reports
 * @param does in words
 * @param needs what it takes
 * @param round does harm once and undoes it, whatever happens in between
 */
public record Nemesis(String id, String does, Set<Need> needs, Round round) {
  /** Copies the set. */
  public Nemesis {
    needs = Set.copyOf(needs);
  }

  /** Harm that is done and undone. */
  public interface Round {
    /** Returns when the cluster is whole again, though it need not have recovered. */
    void of(Scene scene) throws Exception;
  }

  static Nemesis of(String id, String does, Round round) {
    return new Nemesis(id, does, EnumSet.noneOf(Need.class), round);
  }

  static Nemesis of(String id, String does, Need need, Round round) {
    return new Nemesis(id, does, EnumSet.of(need), round);
  }
}
