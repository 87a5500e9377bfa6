package dev.assetmanagerd.storage.place;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assetmanagerd.storage.place.PlacementException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On file systems made for the purpose, which only root can mount. */
@Tag("root")
class PlacementOnRealFileSystemsTest {
  @TempDir private Path temp;
  private boolean mounted;

  private Path mount() {
    return temp.resolve("mnt");
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", mount().toString())).as("umount").isTrue();
    }
  }

  @Test
  void whereTheFileSystemCanAWritableFileSharesItsExtents() throws Exception {
    mountXfs();
    byte[] content = PlacementTest.content(1);
    Path blob = Files.write(mount().resolve("blob"), content);
    Placement placement = new Placement(List.of(mount().resolve("jails")), Clock.systemUTC());
    Path vm = mount().resolve("jails/vm");

    List<PlacedFile> placed =
        placement.place(vm, List.of(new PlacementItem(blob, "disk", PlacementMode.CLONE)));

    Path disk = vm.resolve("disk");
    assertThat(placed).containsExactly(new PlacedFile(disk, PlacementMethod.REFLINKED));
    assertThat(disk).hasBinaryContent(content);
    assertThat(PlacementTest.mode(disk)).isEqualTo("rw-r--r--");
    assertThat(PlacementTest.inode(disk)).isNotEqualTo(PlacementTest.inode(blob));

    Files.write(disk, new byte[content.length], StandardOpenOption.WRITE);
    assertThat(blob).as("after the guest wrote").hasBinaryContent(content);
  }

  @Test
  void aFullFileSystemIsNamedAndLeftAsItWas() throws Exception {
    mountTmpfs("size=1m");
    Path blob = Files.write(temp.resolve("blob"), PlacementTest.content(2)); // larger than 1 MiB

    assertFails(Reason.NO_SPACE, blob);

    assertThat(mount()).isEmptyDirectory();
  }

  @Test
  void aReadOnlyFileSystemIsNamed() throws Exception {
    mountTmpfs("size=4m,ro");
    Path blob = Files.write(temp.resolve("blob"), PlacementTest.content(3));

    assertFails(Reason.READ_ONLY, blob);
  }

  private void assertFails(Reason reason, Path blob) {
    Placement placement = new Placement(List.of(mount()), Clock.systemUTC());
    Path vm = mount().resolve("vm");
    assertThatExceptionOfType(PlacementException.class)
        .isThrownBy(
            () ->
                placement.place(vm, List.of(new PlacementItem(blob, "disk", PlacementMode.CLONE))))
        .satisfies(e -> assertThat(e.reason()).as(e.toString()).isEqualTo(reason))
        .withMessageContaining(vm.toString());
  }

  private void mountXfs() throws Exception {
    Path image = temp.resolve("image");
    Files.createDirectory(mount());
    assumeTrue(run("truncate", "-s", "320M", image.toString()), "needs truncate");
    assumeTrue(run("mkfs.xfs", "-q", "-m", "reflink=1", image.toString()), "needs mkfs.xfs");
    mounted = run("mount", "-o", "loop", image.toString(), mount().toString());
    assumeTrue(mounted, "needs root and loop devices");
  }

  private void mountTmpfs(String options) throws Exception {
    Files.createDirectory(mount());
    mounted = run("mount", "-t", "tmpfs", "-o", options, "none", mount().toString());
    assumeTrue(mounted, "needs root");
  }

  private static boolean run(String... command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      boolean done = process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
      if (!done) {
        System.out.println(String.join(" ", command) + ": " + output);
      }
      return done;
    } catch (IOException e) {
      System.out.println(command[0] + ": " + e.getMessage());
      return false;
    }
  }
}
