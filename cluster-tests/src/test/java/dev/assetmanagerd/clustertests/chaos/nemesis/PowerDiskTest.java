package dev.assetmanagerd.clustertests.chaos.nemesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.assetmanagerd.clustertests.network.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("cluster")
final class PowerDiskTest {
  /** Linux gives out ids below 4194304, of which this is not one. */
  private static final String DEAD = "amt_" + Long.toString(1L << 40, 36) + "_0";

  @TempDir Path directory;

  @BeforeEach
  void needsTools() {
    assumeThat(Need.POWER.missing()).as("what this machine lacks").isEmpty();
  }

  @Test
  void powerComesBackAndReadersGoOnWhateverHappensWhileItIsOff() throws IOException {
    Path mountPoint = directory.resolve("disk");
    try (PowerDisk disk = PowerDisk.mount(directory, mountPoint)) {
      assertThatThrownBy(
              () ->
                  disk.lose(
                      () -> {
                        throw new IllegalStateException("harm failed");
                      }))
          .hasMessage("harm failed");
      assertThat(disk.reading().tryLock()).as("a reader").isTrue();
      disk.reading().unlock();
      Files.writeString(mountPoint.resolve("after"), "written");
      assertThat(mounts()).contains(mountPoint.toString());
    }
    assertThat(mounts()).doesNotContain(mountPoint.toString());
    assertThat(images()).isEmpty();
  }

  @Test
  void nothingIsLeftOfADiskThatCannotBeMounted() {
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> PowerDisk.mount(missing, directory.resolve("disk")))
        .isInstanceOf(IOException.class);
    assertThat(missing).doesNotExist();
  }

  @Test
  void disksOfDeadProcessesAreTakenAwayAndThoseOfTheLivingStay() throws IOException {
    Path stale = Files.createDirectories(directory.resolve("stale"));
    Path small = Files.createDirectories(directory.resolve("small"));
    Path image = directory.resolve(DEAD + ".img");
    run("truncate", "-s", "512M", image.toString());
    run("mkfs.xfs", "-q", image.toString());
    run("mount", "-o", "loop", image.toString(), stale.toString());
    run("mount", "-t", "tmpfs", "-o", "size=1m", DEAD, small.toString());
    Path living = directory.resolve("living");
    try (PowerDisk disk = PowerDisk.mount(directory, living)) {
      StaleDisks.takeAway();

      assertThat(mounts()).doesNotContain(stale.toString()).doesNotContain(small.toString());
      assertThat(mounts()).contains(living.toString());
      assertThat(image).doesNotExist();
      assertThat(disk.reading().tryLock()).isTrue();
      disk.reading().unlock();
    }
  }

  private static void run(String... command) {
    String unused = Shell.run(List.of(command));
  }

  private static String mounts() throws IOException {
    return Files.readString(Path.of("/proc/self/mounts"));
  }

  private List<Path> images() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".img")).toList();
    }
  }
}
