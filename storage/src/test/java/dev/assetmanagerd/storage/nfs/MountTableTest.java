package dev.assetmanagerd.storage.nfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MountTableTest {
  private static final List<String> LINES =
      List.of(
          "23 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw",
          "31 23 0:45 / /mnt/nfs rw,relatime shared:7 master:2 - nfs4 10.0.0.1:/export"
              + " rw,vers=4.2,hard,proto=tcp,lookupcache=pos",
          "32 23 0:46 / /mnt/old rw - nfs server:/a\\040b rw,vers=3,soft",
          "33 23 0:47 / /mnt/with\\040blank\\011tab\\134x\\303\\244 rw - nfs4 s:/x rw",
          "34 31 0:48 /sub /mnt/nfs/inner rw - tmpfs none rw");

  @Test
  void theInnermostMountOfAPathIsItsMount() throws IOException {
    assertThat(type("/mnt/nfs/blobs", "0:45")).isEqualTo("nfs4");
    assertThat(type("/mnt/nfs", "0:45")).isEqualTo("nfs4");
    assertThat(type("/mnt/nfs/inner/x", "0:48")).isEqualTo("tmpfs");
    assertThat(type("/mnt/nfsx", "8:1")).as("a name that begins alike").isEqualTo("ext4");
    assertThat(type("/mnt", "8:1")).isEqualTo("ext4");
  }

  @Test
  void namesWithBlanksAndOtherSignsAreReadAsTheyAre() throws IOException {
    Mount mount =
        MountTable.parse(LINES).of(Path.of("/mnt/with blank\ttab\\xä/y"), "0:47").orElseThrow();

    assertThat(mount.isNfs()).isTrue();
    assertThat(of("/mnt/old/x", "0:46").source()).isEqualTo("server:/a b");
  }

  @Test
  void aMountThatALaterOneHidesIsNotTakenForTheOneOfThePath() throws IOException {
    List<String> covered =
        List.of(
            "23 1 8:1 / / rw - ext4 /dev/root rw",
            "31 23 0:45 / /mnt/nfs rw - nfs4 s:/x rw",
            "40 23 8:2 / /mnt rw - ext4 /dev/sdb rw");
    assertThat(MountTable.parse(covered).of(Path.of("/mnt/nfs/blobs"), "8:2"))
        .map(Mount::type)
        .contains("ext4");

    List<String> automounted =
        List.of(
            "23 1 8:1 / / rw - ext4 /dev/root rw",
            "30 23 0:44 / /mnt/nfs rw - autofs systemd-1 rw",
            "31 30 0:45 / /mnt/nfs rw - nfs4 s:/x rw");
    assertThat(MountTable.parse(automounted).of(Path.of("/mnt/nfs"), "0:45"))
        .map(Mount::type)
        .contains("nfs4");
  }

  @Test
  void whereNoMountHasTheDeviceTheInnermostCounts() throws IOException {
    assertThat(type("/mnt/nfs/blobs", "0:99")).isEqualTo("nfs4");
  }

  @Test
  void optionsOfMountAndFileSystemAreBothKnown() throws IOException {
    assertThat(of("/mnt/nfs", "0:45").options())
        .contains("rw", "relatime", "hard", "vers=4.2", "lookupcache=pos");
  }

  @Test
  void softMountsAndCachedAbsenceAreDoubtful() throws IOException {
    assertThat(MountCheck.doubts(of("/mnt/nfs", "0:45"))).isEmpty();
    assertThat(MountCheck.doubts(of("/mnt/old", "0:46")))
        .hasSize(2)
        .anySatisfy(doubt -> assertThat(doubt).contains("soft"))
        .anySatisfy(doubt -> assertThat(doubt).contains("lookupcache=positive"));
    assertThat(MountCheck.doubts(of("/", "8:1"))).isEmpty();
  }

  @Test
  void mountsInsideOfADirectoryAreFound() throws IOException {
    assertThat(MountTable.parse(LINES).below(Path.of("/mnt/nfs")))
        .extracting(Mount::mountPoint)
        .containsExactly(Path.of("/mnt/nfs/inner"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "23 1 8:1 / / rw",
        "23 1 8:1 / / rw -",
        "23 1 8:1 / / rw - ext4 /dev/root",
        "x 1 8:1 / / rw - ext4 /dev/root rw"
      })
  void aLineThatIsNotUnderstoodIsAnError(String line) {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> MountTable.parse(List.of(line)))
        .withMessageContaining("not understood");
  }

  @Test
  void deviceNumbersAreWrittenAsTheKernelDoes() {
    assertThat(MountCheck.device(0x801L)).isEqualTo("8:1");
    assertThat(MountCheck.device(0x2dL)).isEqualTo("0:45");
    assertThat(MountCheck.device(0x1000_0000L | 0x23L)).isEqualTo("0:" + (0x10000 | 0x23));
    assertThat(MountCheck.device(0x1_0000_0000_801L | 0L)).endsWith(":1");
  }

  private static Mount of(String path, String device) throws IOException {
    return MountTable.parse(LINES).of(Path.of(path), device).orElseThrow();
  }

  private static String type(String path, String device) throws IOException {
    return of(path, device).type();
  }
}
