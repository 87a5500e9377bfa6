package dev.assetmanagerd.config;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One line of the table of options.
 *
 * @param name without the prefix
 * @param aliases older names of the same option, without the prefix
 * @param type how its text is read
 * @param defaultText what is read where it is not set; null where there is no fixed default
 * @param description one line for people
 * @param traits what else is to be known of it
 */
record Option<T>(
    String name,
    List<String> aliases,
    OptionType<T> type,
    @Nullable String defaultText,
    String description,
    List<Trait> traits) {
  /** Prefix of all environment variables of the program. */
  static final String PREFIX = "UNKEY_ASSETMANAGERD_";

  /** What else is to be known of an option. */
  enum Trait {
    /** Its value is not shown anywhere. */
    SECRET,
    /** It is read and checked, but nothing in this version acts on it. */
    WITHOUT_EFFECT_YET
  }

  Option {
    aliases = List.copyOf(aliases);
    traits = List.copyOf(traits);
  }

  static <T> Option<T> of(
      String name, OptionType<T> type, @Nullable String defaultText, String description) {
    return new Option<>(name, List.of(), type, defaultText, description, List.of());
  }

  Option<T> alias(String alias) {
    return new Option<>(name, List.of(alias), type, defaultText, description, traits);
  }

  Option<T> secret() {
    return with(Trait.SECRET);
  }

  Option<T> withoutEffectYet() {
    return with(Trait.WITHOUT_EFFECT_YET);
  }

  private Option<T> with(Trait trait) {
    return new Option<>(
        name,
        aliases,
        type,
        defaultText,
        description,
        Stream.concat(traits.stream(), Stream.of(trait)).toList());
  }

  boolean is(Trait trait) {
    return traits.contains(trait);
  }

  /** The environment variable. */
  String variable() {
    return PREFIX + name;
  }

  /** The environment variable and its older names. */
  List<String> variables() {
    return Stream.concat(Stream.of(name), aliases.stream()).map(n -> PREFIX + n).toList();
  }
}
