package dev.assetmanagerd.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** The options' values as read from an environment, and what was wrong with it. */
final class Values {
  private final Map<Option<?>, Object> values = new HashMap<>();
  private final Map<Option<?>, String> origins = new HashMap<>();
  private final Set<Option<?>> broken = new HashSet<>();
  private final List<String> problems = new ArrayList<>();

  private Values() {}

  /** Reads all options; a variable that is set to nothing counts as not set. */
  static Values read(Map<String, String> environment) {
    Map<String, String> own = new TreeMap<>();
    environment.forEach(
        (variable, text) -> {
          if (variable.startsWith(Option.PREFIX)) {
            own.put(variable, text.strip());
          }
        });
    Values values = new Values();
    for (Option<?> option : Options.all()) {
      values.read(option, own);
    }
    own.keySet().stream().map(UnknownVariable::problem).forEach(values.problems::add);
    return values;
  }

  /** The value of an option that has a default. */
  <T> T get(Option<T> option) {
    return find(option)
        .orElseThrow(() -> new IllegalStateException(option.variable() + " has no value"));
  }

  /** The value of an option, if it is set or has a default, and its text was good. */
  @SuppressWarnings("unchecked") // put there by read() with the option's own type
  <T> Optional<T> find(Option<T> option) {
    return Optional.ofNullable((T) values.get(option));
  }

  /** The variable that set the option; empty where the default holds. */
  Optional<String> origin(Option<?> option) {
    return Optional.ofNullable(origins.get(option));
  }

  /** Whether the text of any of these options was refused. */
  boolean broken(List<Option<?>> options) {
    return options.stream().anyMatch(broken::contains);
  }

  List<String> problems() {
    return problems;
  }

  /** Takes the option's variables out of {@code own} and reads them. */
  private void read(Option<?> option, Map<String, String> own) {
    Map<String, String> given = new TreeMap<>();
    for (String variable : option.variables()) {
      String text = own.remove(variable);
      if (text != null && !text.isEmpty()) {
        given.put(variable, text);
      }
    }
    if (Set.copyOf(given.values()).size() > 1) {
      broken.add(option);
      problems.add(
          String.join(" and ", given.keySet())
              + " name the same option and are set to different values; set only "
              + option.variable());
      return;
    }
    for (String variable : option.variables()) {
      if (given.containsKey(variable)) {
        parse(option, variable, given.get(variable));
        return;
      }
    }
    if (option.defaultText() != null) {
      values.put(option, option.type().parse(option.defaultText()));
    }
  }

  private void parse(Option<?> option, String variable, String text) {
    origins.put(option, variable);
    try {
      values.put(option, option.type().parse(text));
    } catch (IllegalArgumentException | ArithmeticException e) {
      broken.add(option);
      String shown = option.is(Option.Trait.SECRET) ? "" : " \"" + text + "\"";
      problems.add(variable + ": the value" + shown + " is not " + option.type().rule());
    }
  }
}
