package dev.assetmanagerd.clustertests.bench;

/** A kind of call that a benchmark repeats. Thread-safe. */
interface Load {
  /**
   * Begins one call and returns at once; {@code done} is told, once, how it ended.
   *
   * @param slot which of the callers it is: a caller has one call in flight at a time
   */
  void issue(int slot, Done done);

  /** Hears the end of one call. */
  interface Done {
    /** It was answered. */
    void succeeded();

    /** It was not. */
    void failed(Throwable why);
  }
}
