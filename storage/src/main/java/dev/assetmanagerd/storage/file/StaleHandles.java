package dev.assetmanagerd.storage.file;

import java.io.IOException;

/**
 * Repeats calls that fail because an NFS server no longer knows a file handle.
 *
 * <p>The client has cached the handle of a directory or file that another host replaced. Looking
 * the path up anew is the cure, which repeating the call does; there is nothing to wait for.
 */
public final class StaleHandles {
  /** How often a call is made before its failure is passed on. */
  public static final int MAX_ATTEMPTS = 4;

  private StaleHandles() {}

  /** A call that may fail with a stale handle and may be repeated. */
  @FunctionalInterface
  public interface IoCall<T> {
    T run() throws IOException;
  }

  /** A call without a result. */
  @FunctionalInterface
  public interface IoAction {
    void run() throws IOException;
  }

  /** Runs the call, again when the handle is stale, at most {@link #MAX_ATTEMPTS} times. */
  public static <T> T retrying(IoCall<T> call) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return call.run();
      } catch (IOException e) {
        if (attempt == MAX_ATTEMPTS || DiskFailure.of(e) != DiskFailure.STALE_HANDLE) {
          throw e;
        }
      }
    }
  }

  /** Like {@link #retrying(IoCall)}, for calls without a result. */
  public static void retryingAction(IoAction action) throws IOException {
    boolean done =
        retrying(
            () -> {
              action.run();
              return true;
            });
    assert done;
  }
}
