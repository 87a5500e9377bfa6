package dev.assetmanagerd.config;

import java.util.HashMap;
import java.util.Map;

/** The environment of this process, and those of processes to be. */
public final class ProcessEnvironment {
  private ProcessEnvironment() {}

  /**
   * All variables of this process; cannot be modified. Nothing else in the program asks for them.
   */
  public static Map<String, String> variables() {
    return System.getenv();
  }

  /**
   * The environment with some options set, whatever they were set to before and under which name.
   *
   * @param settings by the name of the option, without the prefix
   * @throws IllegalArgumentException when there is no option of such a name
   */
  public static Map<String, String> with(
      Map<String, String> environment, Map<String, String> settings) {
    Map<String, String> result = new HashMap<>(environment);
    settings.forEach(
        (name, value) -> {
          Option<?> option =
              Options.all().stream()
                  .filter(candidate -> candidate.name().equals(name))
                  .findFirst()
                  .orElseThrow(() -> new IllegalArgumentException("no option is called " + name));
          option.variables().forEach(result::remove);
          result.put(option.variable(), value);
        });
    return result;
  }
}
