package dev.assetmanagerd.storage.nfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.storage.testing.ScratchFileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountCheckTest {
  @TempDir private Path temp;

  @Test
  void aDirectoryOfThisMachineIsOnAMountThatThePathLeadsThrough() throws IOException {
    Mount mount = MountCheck.of(temp);

    assertThat(temp.toRealPath()).startsWith(mount.mountPoint());
    assertThat(MountCheck.of(Path.of("/proc")).type()).isEqualTo("proc");
  }

  @Test
  void ofADirectoryThatIsNotThereYetTheNearestAboveCounts() throws IOException {
    assertThat(MountCheck.of(temp.resolve("a/b/c"))).isEqualTo(MountCheck.of(temp));
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void symbolicLinksAreFollowed() throws IOException {
    Path link = Files.createSymbolicLink(temp.resolve("link"), Path.of("/proc"));

    assertThat(MountCheck.of(link).type()).isEqualTo("proc");
    Files.delete(link);
    Files.createSymbolicLink(link, temp.resolve("nowhere"));
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> MountCheck.of(link));
  }

  @Tag("root")
  @Test
  void aMountIsSeenWithItsTypeAndGoneWhenItIsUnmounted() throws Exception {
    Mount below = MountCheck.of(temp);
    try (ScratchFileSystem disk = ScratchFileSystem.tmpfs(temp, "size=1m")) {
      Mount mount = MountCheck.of(disk.directory().resolve("blobs"));
      assertThat(mount.type()).isEqualTo("tmpfs");
      assertThat(mount.isNfs()).isFalse();
      assertThat(mount.mountPoint()).isEqualTo(disk.directory().toRealPath());
    }
    assertThat(MountCheck.of(temp.resolve("mnt"))).isEqualTo(below);
  }

  @Tag("root")
  @Test
  void anotherMountWhereFilesAreRenamedToIsRefused() throws Exception {
    Path blobs = Files.createDirectories(temp.resolve("blobs"));
    Files.createDirectories(blobs.resolve("images/mnt"));
    try (ScratchFileSystem disk =
        ScratchFileSystem.tmpfs(Files.createDirectory(blobs.resolve("ab")), "size=1m")) {
      assertThat(MountCheck.of(blobs)).as("%s is no directory of ours", disk).isNotNull();
    }
    Path shard = Files.createDirectory(blobs.resolve("cd"));
    try (ScratchFileSystem disk = ScratchFileSystem.tmpfsAt(shard, "size=1m")) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> MountCheck.of(blobs))
          .withMessageContaining(disk.directory().toString())
          .withMessageContaining("tmpfs");
    }
  }
}
