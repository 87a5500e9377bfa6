package dev.assetmanagerd.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DataDirectoryLockTest {
  @TempDir private Path temp;

  /** Another process: says when it has the lock, and keeps it until its input ends. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] args) throws IOException {
      try (FileChannel channel =
          FileChannel.open(Path.of(args[0]), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        System.out.write(channel.tryLock() == null ? '0' : '1');
        System.out.flush();
        while (System.in.read() >= 0) {
          // until the test ends it
        }
      }
    }
  }

  @Test
  void aDirectoryOfAnotherProcessIsRefusedUntilThatOneHasDied() throws Exception {
    Process other = hold(temp.resolve("lock"));
    try {
      assertThat(other.getInputStream().read()).as("the other has the lock").isEqualTo('1');

      assertThatExceptionOfType(StartException.class)
          .isThrownBy(() -> DataDirectoryLock.take(temp).close())
          .withMessageContaining("UNKEY_ASSETMANAGERD_DATA_DIR (" + temp + ")")
          .withMessageContaining("another process");
    } finally {
      other.destroyForcibly();
      assertThat(other.waitFor(20, TimeUnit.SECONDS)).as("the other has died").isTrue();
    }
    DataDirectoryLock.take(temp).close();
  }

  @Test
  void itIsFreeAgainAfterClosing() throws Exception {
    Path missing = temp.resolve("made/when/missing");
    DataDirectoryLock.take(missing).close();
    try (DataDirectoryLock lock = DataDirectoryLock.take(missing)) {
      assertThatExceptionOfType(StartException.class)
          .isThrownBy(() -> DataDirectoryLock.take(missing).close())
          .withMessageContaining("in use");
      assertThat(lock).isNotNull();
    }
  }

  @Test
  void aDirectoryThatCannotBeMadeIsNamedWithItsVariable() throws Exception {
    Path file = Files.writeString(temp.resolve("file"), "no directory");

    assertThatExceptionOfType(StartException.class)
        .isThrownBy(() -> DataDirectoryLock.take(file.resolve("data")).close())
        .withMessageContaining("UNKEY_ASSETMANAGERD_DATA_DIR (" + file.resolve("data") + ")");
  }

  private static Process hold(Path file) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Holder.class.getName(),
            file.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
