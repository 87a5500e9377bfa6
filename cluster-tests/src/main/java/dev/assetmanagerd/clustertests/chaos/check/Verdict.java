package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.observe.Findings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a check came to.
 *
 * @param check its name
 * @param result in one word
 * @param findings what is wrong, or could not be decided; some of it where it is much
 * @param figures what was looked at, and what was measured, in words; in their order
 */
public record Verdict(
    String check, Result result, List<Finding> findings, Map<String, String> figures) {
  /** In one word. */
  public enum Result {
    /** Nothing speaks against the promise. */
    KEPT,
    /** The promise was broken. */
    BROKEN,
    /** It could not be decided; not to be taken for good. */
    UNDECIDED
  }

  /**
   * Something that is wrong.
   *
   * @param what in words; may have several lines
   * @param calls numbers of the calls that show it
   */
  public record Finding(String what, List<Long> calls) {
    /** Copies the list. */
    public Finding {
      calls = List.copyOf(calls);
    }
  }

  /** Copies the collections. */
  public Verdict {
    findings = List.copyOf(findings);
    figures = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(figures));
  }

  /** Kept where nothing was found, broken otherwise. */
  public static Verdict of(String check, List<Finding> findings, Map<String, String> figures) {
    return new Verdict(check, findings.isEmpty() ? Result.KEPT : Result.BROKEN, findings, figures);
  }

  /** What an observer beside the cluster came to. */
  public static Verdict of(String check, Findings observed) {
    return of(
        check,
        observed.violations().stream().map(what -> new Finding(what, List.of())).toList(),
        Map.of("observed", observed.toString()));
  }

  /** Whether the promise was kept, as far as can be told. */
  public boolean isKept() {
    return result == Result.KEPT;
  }
}
