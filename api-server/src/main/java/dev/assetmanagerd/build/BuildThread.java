package dev.assetmanagerd.build;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what comes of calls and proposals back to the coordinator's one thread. What comes back
 * when this node leads no more, or leads again, is dropped: the registry has what matters.
 */
final class BuildThread {
  private static final Logger log = LoggerFactory.getLogger(BuildThread.class);

  private final Executor thread;
  private final LongPredicate isLeading;

  /**
   * @param thread the coordinator's
   * @param isLeading whether this node leads in a term
   */
  BuildThread(Executor thread, LongPredicate isLeading) {
    this.thread = thread;
    this.isLeading = isLeading;
  }

  /** As below; a failure is logged, and what the row says is tried again later. */
  <T> void then(Work work, CompletableFuture<T> future, Consumer<T> next) {
    then(
        work,
        future,
        next,
        failure -> log.warn("a step of a build was not recorded: {}", failure.toString()));
  }

  /** Nothing else is done for the build until the future is done and what follows has run. */
  <T> void then(
      Work work, CompletableFuture<T> future, Consumer<T> next, Consumer<Throwable> failed) {
    work.busy = true;
    var unused =
        future.whenComplete(
            (result, failure) ->
                run(
                    () -> {
                      work.busy = false;
                      if (!isLeading.test(work.term)) {
                        return;
                      }
                      if (failure == null) {
                        next.accept(result);
                      } else {
                        failed.accept(failure);
                      }
                    }));
  }

  private void run(Runnable step) {
    try {
      thread.execute(
          () -> {
            try {
              step.run();
            } catch (RuntimeException e) {
              log.warn("a step of a build went wrong; trying again", e);
            }
          });
    } catch (RejectedExecutionException e) {
      log.debug("the node is stopping; the next leader goes on", e);
    }
  }
}
