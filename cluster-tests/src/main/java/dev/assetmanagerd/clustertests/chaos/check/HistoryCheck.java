package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.history.History;

/** Compares a history with one promise. */
public interface HistoryCheck {
  /** What it comes to. May take a while; never changes the history. */
  Verdict check(History history);
}
