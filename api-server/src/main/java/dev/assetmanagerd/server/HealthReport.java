package dev.assetmanagerd.server;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a list of checks said.
 *
 * @param problems by the name of the check, in the order of the list; empty where nothing is wrong
 */
record HealthReport(Map<String, Optional<String>> problems) {
  static HealthReport of(List<HealthCheck> checks) {
    Map<String, Optional<String>> problems = new LinkedHashMap<>();
    checks.forEach(check -> problems.put(check.name(), check.problem().get()));
    return new HealthReport(problems);
  }

  boolean ok() {
    return problems.values().stream().allMatch(Optional::isEmpty);
  }

  /** One line: {@code ok}, or everything that is wrong. */
  String summary() {
    String text =
        problems.entrySet().stream()
            .filter(entry -> entry.getValue().isPresent())
            .map(entry -> entry.getKey() + ": " + entry.getValue().get())
            .collect(Collectors.joining("; "));
    return text.isEmpty() ? "ok" : text;
  }

  /** A line for each check, then one for all. */
  String verbose() {
    StringBuilder text = new StringBuilder();
    problems.forEach(
        (name, problem) ->
            text.append(
                problem
                    .map(what -> "[-]" + name + " failed: " + what + "\n")
                    .orElseGet(() -> "[+]" + name + " ok\n")));
    return text.append(ok() ? "ok" : "failed").toString();
  }
}
