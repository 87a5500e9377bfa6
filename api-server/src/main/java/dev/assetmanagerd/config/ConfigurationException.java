package dev.assetmanagerd.config;

import java.util.List;

/** The configuration cannot be used. Says everything that is wrong with it, not just the first. */
public final class ConfigurationException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  ConfigurationException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /** One sentence for each problem; never empty. */
  public List<String> problems() {
    return problems;
  }
}
