package dev.assetmanagerd.config;

import java.util.Comparator;
import java.util.Optional;

/** What to say of a variable that has the prefix but is none of the options. */
final class UnknownVariable {
  private UnknownVariable() {}

  static String problem(String variable) {
    return variable
        + " is not an option"
        + closest(variable).map(name -> "; did you mean " + name + "?").orElse("");
  }

  private static Optional<String> closest(String variable) {
    String name = variable.substring(Option.PREFIX.length());
    int tolerated = Math.max(2, name.length() / 3);
    return Options.all().stream()
        .flatMap(option -> option.variables().stream())
        .map(candidate -> candidate.substring(Option.PREFIX.length()))
        .min(Comparator.comparingInt(candidate -> distance(name, candidate)))
        .filter(candidate -> distance(name, candidate) <= tolerated)
        .map(candidate -> Option.PREFIX + candidate);
  }

  /** Number of characters to add, drop or change to get from one text to the other. */
  private static int distance(String from, String to) {
    int[] previous = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int[] current = new int[to.length() + 1];
      current[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int change = previous[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(change, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[to.length()];
  }
}
