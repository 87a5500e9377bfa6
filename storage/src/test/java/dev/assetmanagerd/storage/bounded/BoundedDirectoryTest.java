package dev.assetmanagerd.storage.bounded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.storage.testing.ScratchFileSystem;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class BoundedDirectoryTest {
  private static final Duration TIMEOUT = Duration.ofMillis(500);
  private static final Duration SOON = Duration.ofSeconds(20);

  private final BoundedSteps steps = new BoundedSteps("place X", 4, TIMEOUT, System::nanoTime);

  @TempDir private Path temp;

  @AfterEach
  void stop() {
    steps.close();
  }

  @Test
  void whatIsPutIsThereInFullUntilItIsDeleted() throws Exception {
    BoundedDirectory directory = new BoundedDirectory(temp, steps);
    byte[] content = content(3_000_001);
    directory.put(file(content), "x.tar.gz");
    assertThat(directory.size("x.tar.gz")).hasValue(content.length);
    try (InputStream in = directory.open("x.tar.gz")) {
      assertThat(in.readAllBytes()).isEqualTo(content);
    }
    assertThat(names(temp)).containsExactlyInAnyOrder("source", "x.tar.gz");
    directory.delete("x.tar.gz");
    directory.delete("x.tar.gz");
    assertThat(directory.size("x.tar.gz")).isEmpty();
    assertThatThrownBy(() -> directory.open("x.tar.gz")).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aDirectoryThatIsNotThereIsNoEmptyOne() {
    BoundedDirectory missing = new BoundedDirectory(temp.resolve("missing"), steps);
    assertThatThrownBy(missing::check).isInstanceOf(NotDirectoryException.class);
    assertThatThrownBy(() -> missing.put(file(content(1)), "x"))
        .isInstanceOf(NotDirectoryException.class);
    assertThatThrownBy(() -> missing.delete("x")).isInstanceOf(NotDirectoryException.class);
    assertThatThrownBy(() -> missing.size("../x")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aFileThatCannotBeOpenedInTimeIsAnErrorThatSaysSo() throws Exception {
    Path pipe = temp.resolve("pipe"); // opening one waits for somebody who writes
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    BoundedDirectory directory = new BoundedDirectory(temp, steps);
    assertThatThrownBy(() -> directory.open("pipe"))
        .isInstanceOf(StoreHangsException.class)
        .hasMessageContaining("place X");
    assertThat(steps.hanging()).isOne();
    Files.write(pipe, new byte[1]); // frees the thread
    await().atMost(SOON).until(() -> steps.running() == 0);
  }

  @Tag("root")
  @Test
  void onAFrozenFileSystemEveryCallEndsInTimeAndNothingIsLeftWhenItThaws() throws Exception {
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp)) {
      BoundedDirectory directory = new BoundedDirectory(disk.directory(), steps);
      Path file = file(content(1_000_000));
      directory.put(file, "kept");
      disk.freeze();
      try {
        assertThatThrownBy(() -> directory.put(file, "new"))
            .isInstanceOf(StoreHangsException.class);
        assertThatThrownBy(() -> directory.delete("kept")).isInstanceOf(StoreHangsException.class);
      } finally {
        disk.thaw();
      }
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> assertThat(names(disk.directory())).as("left").doesNotContain("new", "kept"));
      await().atMost(SOON).until(() -> steps.running() == 0);
      directory.put(file, "again");
      assertThat(names(disk.directory())).containsExactly("again");
    }
  }

  private Path file(byte[] content) throws Exception {
    return Files.write(temp.resolve("source"), content);
  }

  private static byte[] content(int size) {
    byte[] bytes = new byte[size];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  private static Stream<String> names(Path directory) throws Exception {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(path -> path.getFileName().toString()).toList().stream();
    }
  }
}
