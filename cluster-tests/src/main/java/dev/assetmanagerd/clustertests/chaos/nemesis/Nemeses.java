package dev.assetmanagerd.clustertests.chaos.nemesis;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Stream;

/** All there are. */
public final class Nemeses {
  private Nemeses() {}

  /** In the order in which they are listed for people. */
  public static List<Nemesis> all() {
    return Stream.of(
            Processes.all(),
            Links.all(),
            Clocks.all(),
            Disks.all(),
            Damages.all(),
            Members.all(),
            Outside.all())
        .flatMap(List::stream)
        .toList();
  }

  /**
   * The one of a name.
   *
   * @throws NoSuchElementException when there is none
   */
  public static Nemesis named(String id) {
    return all().stream()
        .filter(nemesis -> nemesis.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new NoSuchElementException("no nemesis is called " + id));
  }
}
