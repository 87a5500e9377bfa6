package dev.assetmanagerd.storage.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.storage.place.PlacementException.Reason;
import dev.assetmanagerd.storage.testing.ScratchFileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On file systems made for the purpose, which only root can mount. */
@Tag("root")
class PlacementOnRealFileSystemsTest {
  @TempDir private Path temp;

  @Test
  void whereTheFileSystemCanAWritableFileSharesItsExtents() throws Exception {
    byte[] content = PlacementTest.content(1);
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp)) {
      Path blob = Files.write(disk.directory().resolve("blob"), content);
      Path file = disk.directory().resolve("vm/disk");

      assertThat(place(disk, blob, PlacementMode.CLONE))
          .containsExactly(new PlacedFile(file, PlacementMethod.REFLINKED, content.length));

      assertThat(file).hasBinaryContent(content);
      assertThat(PlacementTest.mode(file)).isEqualTo("rw-r--r--");
      assertThat(PlacementTest.inode(file)).isNotEqualTo(PlacementTest.inode(blob));
      Files.write(file, new byte[content.length], StandardOpenOption.WRITE);
      assertThat(blob).as("after the guest wrote").hasBinaryContent(content);
    }
  }

  @Test
  void placedFilesAreThereWholeAfterAPowerLoss() throws Exception {
    byte[] content = PlacementTest.content(4);
    Path blob = Files.write(temp.resolve("blob"), content);
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp)) {
      place(disk, blob, PlacementMode.CLONE);

      disk.losePower();

      assertThat(disk.directory().resolve("vm/disk")).hasBinaryContent(content);
    }
  }

  @Test
  void aFullFileSystemIsNamedAndLeftAsItWas() throws Exception {
    Path blob = Files.write(temp.resolve("blob"), PlacementTest.content(2)); // larger than 1 MiB
    try (ScratchFileSystem disk = ScratchFileSystem.tmpfs(temp, "size=1m")) {
      assertFails(Reason.NO_SPACE, disk, blob);

      assertThat(disk.directory()).isEmptyDirectory();
    }
  }

  @Test
  void aReadOnlyFileSystemIsNamed() throws Exception {
    Path blob = Files.write(temp.resolve("blob"), PlacementTest.content(3));
    try (ScratchFileSystem disk = ScratchFileSystem.tmpfs(temp, "size=4m,ro")) {
      assertFails(Reason.READ_ONLY, disk, blob);
    }
  }

  private static List<PlacedFile> place(ScratchFileSystem disk, Path blob, PlacementMode mode)
      throws PlacementException {
    return new Placement(List.of(disk.directory()), Clock.systemUTC())
        .place(disk.directory().resolve("vm"), List.of(new PlacementItem(blob, "disk", mode)));
  }

  private static void assertFails(Reason reason, ScratchFileSystem disk, Path blob) {
    assertThatExceptionOfType(PlacementException.class)
        .isThrownBy(() -> place(disk, blob, PlacementMode.CLONE))
        .satisfies(e -> assertThat(e.reason()).as(e.toString()).isEqualTo(reason))
        .withMessageContaining(disk.directory().resolve("vm").toString());
  }
}
