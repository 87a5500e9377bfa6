package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.chaos.nemesis.Need;
import dev.assetmanagerd.clustertests.chaos.nemesis.Nemeses;
import dev.assetmanagerd.clustertests.chaos.nemesis.Nemesis;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

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
        MIX, Nemeses.all().stream().filter(nemesis -> notInMix(nemesis).isEmpty()).toList());
  }

  /** Why the mix goes without some, by their ids. */
  static Map<String, String> leftOutOfMix() {
    Map<String, String> why = new TreeMap<>();
    Nemeses.all()
        .forEach(nemesis -> notInMix(nemesis).ifPresent(reason -> why.put(nemesis.id(), reason)));
    return why;
  }

  private static Optional<String> notInMix(Nemesis nemesis) {
    return missing(nemesis)
        .or(
            () ->
                nemesis.needs().stream()
                    .flatMap(need -> anotherCluster(need).stream())
                    .findFirst());
  }

  private static Optional<String> anotherCluster(Need need) {
    return switch (need) {
      case SLOW_LINES ->
          Optional.of("hosts with links that can be cut have no slow lines between them");
      case OBJECT_STORE, BUILDER ->
          Optional.of("it is reached over loopback, which hosts of their own do not share");
      case SMALL_DISK ->
          Optional.of("blobs on a disk of their own would not be on the one that loses power");
      case LINKS, CLOCKS, TRACING, POWER, SNAPSHOTS -> Optional.empty();
    };
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
