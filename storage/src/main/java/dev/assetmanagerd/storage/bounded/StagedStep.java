package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.file.IoSteps;
import dev.assetmanagerd.storage.file.StaleHandles.IoAction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/** A step that consumes a staged file, also where it does not come to be run. */
record StagedStep(IoSteps steps, Path staged) {
  void run(String what, IoAction action) throws IOException {
    AtomicBoolean begun = new AtomicBoolean();
    try {
      steps.runAction(
          what,
          () -> {
            begun.set(true);
            try {
              action.run();
            } finally {
              // Where it was consumed, as it is as a rule, this does nothing.
              IoSteps.DIRECT.cleanUp("delete " + staged, () -> Files.deleteIfExists(staged));
            }
          });
    } finally {
      if (!begun.get()) {
        steps.cleanUp("delete " + staged, () -> Files.deleteIfExists(staged));
      }
    }
  }
}
