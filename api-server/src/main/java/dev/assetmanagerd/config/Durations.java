package dev.assetmanagerd.config;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 30s}, {@code 1h30m}, {@code 1500ms}. */
final class Durations {
  private static final Pattern PART = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(ms|h|m|s)");
  private static final Duration LONGEST = Duration.ofDays(36_525);

  static final OptionType<Duration> POSITIVE =
      new OptionType<>(
          "duration",
          "a duration above zero such as 1500ms, 30s, 5m or 168h",
          text -> {
            Duration duration = parse(text);
            OptionTypes.require(!duration.isZero());
            return duration;
          });
  static final OptionType<Duration> ZERO_OR_MORE =
      new OptionType<>("duration", "a duration such as 0s, 1500ms, 5m or 168h", Durations::parse);

  static final OptionType<Duration> WHOLE_SECONDS =
      new OptionType<>(
          "duration",
          "a duration of whole seconds such as 0s, 90s, 5m or 168h",
          text -> {
            Duration duration = parse(text);
            OptionTypes.require(duration.toMillis() % 1000 == 0);
            return duration;
          });

  private Durations() {}

  /**
   * Adds up the parts of a text.
   *
   * @throws IllegalArgumentException when there is no part, anything else between the parts, or
   *     more than a hundred years in all
   */
  static Duration parse(String text) {
    Matcher part = PART.matcher(text);
    Duration sum = Duration.ZERO;
    int end = 0;
    while (end < text.length() && part.find(end) && part.start() == end) {
      sum = sum.plus(of(new BigDecimal(part.group(1)), part.group(2)));
      end = part.end();
    }
    OptionTypes.require(end > 0 && end == text.length() && sum.compareTo(LONGEST) <= 0);
    return sum;
  }

  /** The shortest text that {@link #parse} takes back, e.g. {@code 168h} or {@code 1m30s}. */
  static String format(Duration duration) {
    if (duration.isZero()) {
      return "0s";
    }
    StringBuilder text = new StringBuilder();
    append(text, duration.toHours(), "h");
    append(text, duration.toMinutesPart(), "m");
    append(text, duration.toSecondsPart(), "s");
    append(text, duration.toMillisPart(), "ms");
    return text.toString();
  }

  private static void append(StringBuilder text, long amount, String unit) {
    if (amount > 0) {
      text.append(amount).append(unit);
    }
  }

  private static Duration of(BigDecimal amount, String unit) {
    long nanosPerUnit =
        switch (unit) {
          case "ms" -> 1_000_000L;
          case "s" -> 1_000_000_000L;
          case "m" -> 60_000_000_000L;
          default -> 3_600_000_000_000L;
        };
    return Duration.ofMillis(
        amount
            .multiply(BigDecimal.valueOf(nanosPerUnit))
            .divideToIntegralValue(BigDecimal.valueOf(1_000_000L))
            .longValueExact());
  }
}
