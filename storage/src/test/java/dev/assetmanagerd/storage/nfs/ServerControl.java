package dev.assetmanagerd.storage.nfs;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Stops the NFS server and lets it go on, by asking whoever runs it: a file {@code wanted} in a
 * directory says {@code stop} or {@code go}, and {@code state} says the same when it has been done.
 */
final class ServerControl {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Path directory;

  private ServerControl(Path directory) {
    this.directory = directory;
  }

  /** The one in the directory that {@code assetmanagerd.nfs.control} names. */
  static ServerControl orSkip() {
    String directory = System.getProperty("assetmanagerd.nfs.control");
    assumeTrue(directory != null, "needs somebody who stops the server");
    return new ServerControl(Path.of(directory));
  }

  void stop() throws IOException {
    ask("stop");
  }

  void goOn() throws IOException {
    ask("go");
  }

  private void ask(String what) throws IOException {
    Files.writeString(directory.resolve("wanted"), what);
    await()
        .atMost(PATIENCE)
        .until(() -> Files.readString(directory.resolve("state")).strip().equals(what));
  }
}
