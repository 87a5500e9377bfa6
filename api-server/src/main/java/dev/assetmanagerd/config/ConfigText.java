package dev.assetmanagerd.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The configuration as text for people: the reference page, and the values that hold. */
public final class ConfigText {
  private ConfigText() {}

  /** The reference page, Markdown: one table for each group of options. */
  public static String reference() {
    StringBuilder page =
        new StringBuilder(
            """
            # Configuration

            All options are environment variables, read once at start. An unknown variable with the prefix
            `%s`, or a value that does not fit its type, stops the start with a sentence that names it; all
            problems are reported at once. A variable that is set to nothing counts as not set.

            Durations are written like `1500ms`, `30s`, `5m`, `1h30m` or `168h`; sizes are plain numbers of bytes; paths are
            absolute. `assetmanagerd config print` shows the values that hold and where each comes from.

            *Made from the table of options by `assetmanagerd config reference`; edit the table, not this page.*
            """
                .formatted(Option.PREFIX));
    for (Options.OptionGroup group : Options.GROUPS) {
      page.append("\n## ").append(group.title()).append("\n\n");
      page.append("| variable | type | default | meaning |\n|---|---|---|---|\n");
      group.options().forEach(option -> page.append(row(option)));
    }
    return page.toString();
  }

  /**
   * The values that hold, one option a line, each with its origin. Secrets are masked.
   *
   * @throws ConfigurationException with all problems at once
   */
  public static String print(Map<String, String> environment) throws ConfigurationException {
    NodeConfig.read(environment);
    Values values = Values.read(environment);
    StringBuilder text = new StringBuilder();
    for (Option<?> option : Options.all()) {
      text.append(option.variable()).append('=').append(shown(values, option));
      String origin = values.origin(option).orElse("default");
      text.append(origin.equals(option.variable()) ? "" : "  # " + origin).append('\n');
    }
    return text.toString();
  }

  /**
   * A sentence for each option that is set but changes nothing in this version. Switching off what
   * is not there is not worth one.
   */
  public static List<String> withoutEffect(Map<String, String> environment) {
    Values values = Values.read(environment);
    List<String> sentences = new ArrayList<>();
    for (Option<?> option : Options.all()) {
      if (option.is(Option.Trait.WITHOUT_EFFECT_YET)
          && !Boolean.FALSE.equals(values.find(option).orElse(null))) {
        values
            .origin(option)
            .ifPresent(variable -> sentences.add(variable + " has no effect in this version"));
      }
    }
    if (values.find(Options.TLS_MODE).filter(mode -> mode != TlsMode.FILE).isPresent()) {
      TlsRules.FILES.stream()
          .flatMap(file -> values.origin(file).stream())
          .map(
              variable ->
                  "%s has no effect unless %s is file"
                      .formatted(variable, Options.TLS_MODE.variable()))
          .forEach(sentences::add);
    }
    return sentences;
  }

  /** The environment variable of an option, for messages. */
  public static String variable(String option) {
    return Option.PREFIX + option;
  }

  private static String row(Option<?> option) {
    String names =
        option.variables().stream().map(ConfigText::code).collect(Collectors.joining(", also "));
    String effect =
        option.is(Option.Trait.WITHOUT_EFFECT_YET) ? " *No effect in this version.*" : "";
    return "| %s | %s | %s | %s%s |\n"
        .formatted(
            names,
            option.type().label(),
            option.defaultText() == null ? "" : code(option.defaultText()),
            option.description(),
            effect);
  }

  private static String code(String text) {
    return '`' + text + '`';
  }

  private static String shown(Values values, Option<?> option) {
    if (option.equals(Options.CLUSTER_PEERS)) {
      return format(Derived.members(values));
    }
    if (option.equals(Options.DATA_DIR)) {
      return Derived.dataDirectory(values).toString();
    }
    return values.find(option).map(ConfigText::format).orElse("");
  }

  private static String format(Object value) {
    if (value instanceof Duration duration) {
      return Durations.format(duration);
    }
    if (value instanceof Enum<?> constant) {
      return OptionTypes.name(constant);
    }
    if (value instanceof Collection<?> items) {
      return items.stream().map(ConfigText::format).collect(Collectors.joining(","));
    }
    if (value instanceof Optional<?> optional) {
      return optional.map(ConfigText::format).orElse("none");
    }
    return value.toString();
  }
}
