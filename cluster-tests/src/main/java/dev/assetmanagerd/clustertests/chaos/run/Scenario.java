package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.chaos.nemesis.Need;
import dev.assetmanagerd.clustertests.chaos.nemesis.Nemeses;
import dev.assetmanagerd.clustertests.chaos.nemesis.Nemesis;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What happens to one cluster.
 *
 * @param id of one nemesis alone, or {@code mix}
 * @param nemeses of which one after the other is let loose, in random order
 */
record Scenario(String id, List<Nemesis> nemeses) {
  /** The one that has all of them take turns. */
  static final String MIX = "mix";

  Scenario {
    nemeses = List.copyOf(nemeses);
  }

  /** One nemesis alone. */
  static Scenario of(Nemesis nemesis) {
    return new Scenario(nemesis.id(), List.of(nemesis));
  }

  /** All that this machine has what they need for and that can be in one cluster. */
  static Scenario mix() {
    return new Scenario(
        MIX,
        Nemeses.all().stream()
            .filter(nemesis -> missing(nemesis).isEmpty())
            // Hosts with links that can be cut have no slow lines between them.
            .filter(nemesis -> !nemesis.needs().contains(Need.SLOW_LINES))
            // Object store and builder are reached over loopback; hosts of their own are elsewhere.
            .filter(nemesis -> !nemesis.needs().contains(Need.OBJECT_STORE))
            .filter(nemesis -> !nemesis.needs().contains(Need.BUILDER))
            // Blobs on a small disk of their own would not be on the one that loses power.
            .filter(nemesis -> !nemesis.needs().contains(Need.SMALL_DISK))
            .toList());
  }

  /** By its id. */
  static Scenario named(String id) {
    return id.equals(MIX) ? mix() : of(Nemeses.named(id));
  }

  /** All that its nemeses take. */
  Set<Need> needs() {
    Set<Need> needs = EnumSet.noneOf(Need.class);
    nemeses.forEach(nemesis -> needs.addAll(nemesis.needs()));
    return needs;
  }

  /** Why it cannot be run here; empty where it can. */
  Optional<String> missing() {
    return nemeses.stream().flatMap(nemesis -> missing(nemesis).stream()).findFirst();
  }

  private static Optional<String> missing(Nemesis nemesis) {
    return nemesis.needs().stream().flatMap(need -> need.missing().stream()).findFirst();
  }
}
