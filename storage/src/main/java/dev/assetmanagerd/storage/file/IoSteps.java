package dev.assetmanagerd.storage.file;

import dev.assetmanagerd.storage.file.StaleHandles.IoAction;
import dev.assetmanagerd.storage.file.StaleHandles.IoCall;
import java.io.IOException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where calls into a file system are made: a file system whose server is gone can keep a thread in
 * one of them for as long as it likes. Thread-safe.
 */
public interface IoSteps {
  /** In the caller's own thread, for as long as it takes: for disks of this host. */
  IoSteps DIRECT =
      new IoSteps() {
        private final Logger log = LoggerFactory.getLogger(IoSteps.class);

        @Override
        public <T> T run(String what, IoCall<T> step, Consumer<? super T> late) throws IOException {
          return step.run();
        }

        @Override
        public void cleanUp(String what, IoAction step) {
          try {
            step.run();
          } catch (IOException e) {
            log.warn("Cannot {}: {}", what, e.toString());
          }
        }

        @Override
        public long maxUnflushedBytes() {
          return Long.MAX_VALUE;
        }
      };

  /**
   * Runs a step and waits for it.
   *
   * @param what it does, to be told when it hangs, like {@code write}
   * @param step may go on when this has thrown; what it uses must not be used by others until it
   *     has ended, see {@link StepGuard}
   * @param late takes the result where nobody waits for it any more
   * @throws IOException what the step threw, or that it takes too long
   */
  <T> T run(String what, IoCall<T> step, Consumer<? super T> late) throws IOException;

  /** As {@link #run(String, IoCall, Consumer)}, with a result that may be forgotten. */
  default <T> T run(String what, IoCall<T> step) throws IOException {
    return run(what, step, result -> {});
  }

  /** The same without a result. */
  default void runAction(String what, IoAction step) throws IOException {
    boolean done =
        run(
            what,
            () -> {
              step.run();
              return true;
            });
    assert done;
  }

  /**
   * Runs a step that tidies up and whose failure is of no interest but to the log. Waits for it no
   * longer than a moment; it is run later where it cannot be now.
   *
   * @param what it does, like {@code delete a file}
   */
  void cleanUp(String what, IoAction step);

  /** How much may be written to a file before it is flushed, lest flushing take too long. */
  long maxUnflushedBytes();
}
