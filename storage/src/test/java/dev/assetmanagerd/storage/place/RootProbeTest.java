package dev.assetmanagerd.storage.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.assetmanagerd.storage.file.Reflink;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import dev.assetmanagerd.storage.testing.ScratchFileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootProbeTest {
  @TempDir private Path temp;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path blobs;

  @BeforeEach
  void makeBlobDirectory() throws IOException {
    blobs = Files.createDirectory(temp.resolve("blobs"));
  }

  @Test
  void aRootBesideTheBlobsCanHaveLinksAndIsLeftEmpty() throws IOException {
    Path root = Files.createDirectory(temp.resolve("jails"));

    List<RootReport> reports =
        new Placement(List.of(root), Clock.systemUTC(), Reflink.UNSUPPORTED)
            .probe(blobs, FileAccess.DEFAULT);

    assertThat(reports)
        .containsExactly(
            new RootReport.Usable(root, PlacementMethod.LINKED, PlacementMethod.COPIED));
    assertThat(root).isEmptyDirectory();
    assertThat(blobs).isEmptyDirectory();
  }

  @Test
  @Tag("root")
  void aRootOnAnotherFileSystemGetsCopiesAndOneOfXfsReflinks() throws Exception {
    try (ScratchFileSystem disk = ScratchFileSystem.xfs(temp)) {
      Path inside = Files.createDirectory(disk.directory().resolve("jails"));
      Placement placement = new Placement(List.of(inside), Clock.systemUTC());

      assertThat(placement.probe(blobs, FileAccess.DEFAULT))
          .containsExactly(
              new RootReport.Usable(inside, PlacementMethod.COPIED, PlacementMethod.COPIED));
      assertThat(placement.probe(disk.directory(), FileAccess.DEFAULT))
          .containsExactly(
              new RootReport.Usable(inside, PlacementMethod.LINKED, PlacementMethod.REFLINKED));
      assertThat(inside).isEmptyDirectory();
    }
  }

  @Test
  @Tag("root")
  void aReadOnlyRootIsOfNoUse() throws Exception {
    try (ScratchFileSystem disk = ScratchFileSystem.tmpfs(temp, "size=1m,ro")) {
      assertUnusable(disk.directory(), Reason.IO, FileAccess.DEFAULT);
    }
  }

  @Test
  void aRootThatIsNotThereIsNotMade() {
    Path root = temp.resolve("jails");

    assertThat(probe(root, FileAccess.DEFAULT)).isEqualTo(new RootReport.Missing(root));
    assertThat(root).doesNotExist();
  }

  @Test
  void aRootThatIsNoDirectoryIsOfNoUse() throws IOException {
    assertUnusable(Files.createFile(temp.resolve("file")), Reason.IN_THE_WAY, FileAccess.DEFAULT);
    assertUnusable(
        Files.createSymbolicLink(temp.resolve("link"), temp.resolve("nothing")),
        Reason.IN_THE_WAY,
        FileAccess.DEFAULT);
  }

  @Test
  void whoMayNotGiveFilesAwayIsFoundOut() throws IOException {
    assumeFalse(Inode.ownUid() == 0, "root may give files away");
    assertUnusable(
        Files.createDirectory(temp.resolve("jails")),
        Reason.OWNER_REFUSED,
        new FileAccess(
            Optional.of(new FileOwner(61234, 61234)),
            PosixFilePermissions.fromString("rw-r--r--")));
  }

  private void assertUnusable(Path root, Reason reason, FileAccess access) {
    assertThat(probe(root, access))
        .isInstanceOfSatisfying(
            RootReport.Unusable.class,
            report -> assertThat(report.reason()).as("%s", report).isEqualTo(reason));
  }

  private RootReport probe(Path root, FileAccess access) {
    return new Placement(List.of(root), Clock.systemUTC()).probe(blobs, access).get(0);
  }
}
