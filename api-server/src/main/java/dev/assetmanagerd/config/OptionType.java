package dev.assetmanagerd.config;

import java.util.function.Function;

/**
 * How the text of an option becomes a value.
 *
 * @param label what the reference page calls the type
 * @param rule completes the sentence "expected …" when a text is refused
 * @param parser throws {@link IllegalArgumentException} for a text that breaks the rule
 */
record OptionType<T>(String label, String rule, Function<String, T> parser) {
  /**
   * The value of a text.
   *
   * @throws IllegalArgumentException when it breaks the {@link #rule}
   */
  T parse(String text) {
    return parser.apply(text);
  }
}
