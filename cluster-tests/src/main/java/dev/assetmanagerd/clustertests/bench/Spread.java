package dev.assetmanagerd.clustertests.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The same thing measured several times.
 *
 * @param values in the order of the rounds
 */
record Spread(List<Double> values) {
  Spread {
    values = List.copyOf(values);
  }

  double median() {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    if (sorted.length == 0) {
      return Double.NaN;
    }
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  double least() {
    return values.stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN);
  }

  double most() {
    return values.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
  }

  /** Round by round, how much larger this is than the other. */
  Spread over(Spread other) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(values.size(), other.values.size()); i++) {
      ratios.add(values.get(i) / other.values.get(i));
    }
    return new Spread(ratios);
  }

  /** Median and range, for a table. */
  String text(String numberFormat) {
    return values.isEmpty()
        ? "-"
        : String.format(
            Locale.ROOT,
            numberFormat + " (" + numberFormat + "–" + numberFormat + ")",
            median(),
            least(),
            most());
  }

  static Spread of(double... values) {
    return new Spread(Arrays.stream(values).boxed().toList());
  }
}
