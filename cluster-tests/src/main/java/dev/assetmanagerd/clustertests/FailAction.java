package dev.assetmanagerd.clustertests;

import java.util.Locale;

/** What a node does when it reaches a fail point. */
public enum FailAction {
  /** The process is gone at once, as after SIGKILL. */
  HALT,
  /** The step waits until the fail point is cleared; the rest of the node goes on. */
  PAUSE,
  /** The step throws. */
  FAIL;

  String order() {
    return name().toLowerCase(Locale.ROOT);
  }
}
