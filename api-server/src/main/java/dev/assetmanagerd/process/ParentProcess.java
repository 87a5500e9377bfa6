package dev.assetmanagerd.process;

import java.util.concurrent.CompletableFuture;

/** The process that started this one. */
public final class ParentProcess {
  private ParentProcess() {}

  /**
   * Completes when the parent is gone, at once where it is gone already.
   *
   * @param pid of the parent as it was when it started this process
   */
  public static CompletableFuture<Void> exit(long pid) {
    return ProcessHandle.current()
        .parent()
        .filter(parent -> parent.pid() == pid)
        .map(parent -> parent.onExit().<Void>thenApply(gone -> null))
        .orElseGet(() -> CompletableFuture.completedFuture(null));
  }
}
