package dev.assetmanagerd.clustertests.chaos.history;

/** How a call ended, as far as its client can know. */
public sealed interface Outcome {
  /**
   * It was done, and answered.
   *
   * @param value the answer
   */
  record Ok(Value value) implements Outcome {}

  /**
   * It was refused, and no attempt has or will have any effect.
   *
   * @param code as Connect spells it
   * @param message for a person
   */
  record Fail(String code, String message) implements Outcome {}

  /**
   * Nobody can tell. It may have taken effect, or will at any time after, once at most, or never.
   *
   * @param code of the last attempt
   * @param message for a person
   */
  record Unknown(String code, String message) implements Outcome {}

  /** One word: ok, fail or unknown. */
  default String word() {
    return this instanceof Ok ? "ok" : this instanceof Fail ? "fail" : "unknown";
  }
}
