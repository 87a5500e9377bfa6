package dev.assetmanagerd.storage.place;

import static dev.assetmanagerd.storage.place.PlacementMode.CLONE;
import static dev.assetmanagerd.storage.place.PlacementMode.LINK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assetmanagerd.storage.file.Reflink;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who owns what is placed, and who may do what with it. */
class PlacementAccessTest {
  private static final FileOwner GUEST = new FileOwner(61234, 61235);
  private static final FileAccess OF_GUEST = access(Optional.of(GUEST), "rw-rw----");

  @TempDir private Path temp;
  private final byte[] content = PlacementTest.content(1);

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path target;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path blob;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Placement placement;

  @BeforeEach
  void makeBlob() throws IOException {
    target = temp.resolve("jails/vm");
    blob = Files.write(temp.resolve("blob"), content);
    mode(blob, "r--r--r--");
    placement = new Placement(List.of(temp.resolve("jails")), Clock.systemUTC());
  }

  @Test
  void aWritableFileBelongsToTheGuestAndNothingElseDoes() throws IOException {
    assumeRoot();

    placement.place(target, List.of(item("disk", CLONE), item("vmlinux", LINK)), OF_GUEST);

    assertThat(owner("disk")).isEqualTo(GUEST);
    assertThat(PlacementTest.mode(target.resolve("disk"))).isEqualTo("rw-rw----");
    assertThat(owner("vmlinux")).as("a link, and the blob with it").isEqualTo(new FileOwner(0, 0));
    assertThat(PlacementTest.mode(blob)).isEqualTo("r--r--r--");
    assertThat(owner("."))
        .as("the directory, or the guest could swap the kernel")
        .isEqualTo(new FileOwner(0, 0));
  }

  @Test
  void repeatingWithTheSameOwnerChangesNothingAndWithAnotherMakesANewFile() throws IOException {
    assumeRoot();
    placement.place(target, List.of(item("disk", CLONE)), OF_GUEST);
    Object inode = PlacementTest.inode(target.resolve("disk"));

    assertThat(place(item("disk", CLONE), OF_GUEST)).isEqualTo(PlacementMethod.UNCHANGED);
    assertThat(place(item("disk", CLONE), access(Optional.of(new FileOwner(7, 8)), "rw-rw----")))
        .isNotEqualTo(PlacementMethod.UNCHANGED);

    assertThat(owner("disk")).isEqualTo(new FileOwner(7, 8));
    assertThat(PlacementTest.inode(target.resolve("disk")))
        .as("not chowned in place: a process may have the old one open")
        .isNotEqualTo(inode);
  }

  @Test
  void whereNoOwnerIsAskedForAFileThatSomebodyHasTakenOverIsLeftAlone() throws IOException {
    assumeRoot();
    placement.place(target, List.of(item("disk", CLONE)));
    Files.setAttribute(target.resolve("disk"), "unix:uid", GUEST.uid());

    assertThat(place(item("disk", CLONE), FileAccess.DEFAULT)).isEqualTo(PlacementMethod.UNCHANGED);
  }

  @Test
  void otherPermissionsMakeANewFile() throws IOException {
    placement.place(target, List.of(item("disk", CLONE)));
    FileAccess wider = access(Optional.empty(), "rw-rw-rw-");

    assertThat(place(item("disk", CLONE), wider)).isNotEqualTo(PlacementMethod.UNCHANGED);

    assertThat(PlacementTest.mode(target.resolve("disk"))).isEqualTo("rw-rw-rw-");
    assertThat(place(item("disk", CLONE), wider)).isEqualTo(PlacementMethod.UNCHANGED);
  }

  @Test
  void whoMayNotGiveFilesAwayIsToldAndNothingIsLeft() {
    assumeFalse(Inode.ownUid() == 0, "root may give files away");

    assertThatExceptionOfType(PlacementException.class)
        .isThrownBy(() -> placement.place(target, List.of(item("disk", CLONE)), OF_GUEST))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.OWNER_REFUSED))
        .withMessageContaining("61234:61235");
    assertThat(temp.resolve("jails")).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r--r--", "r--r-----", "r--------", "rwxrwxrwx"})
  void aBlobThatAGuestMightWriteToOrCannotReadIsCopiedAndNotLinked(String mode) throws IOException {
    mode(blob, mode);

    assertThat(place(item("vmlinux", LINK), FileAccess.DEFAULT))
        .isNotEqualTo(PlacementMethod.LINKED);

    assertThat(PlacementTest.mode(target.resolve("vmlinux"))).isEqualTo("r--r--r--");
    assertThat(PlacementTest.mode(blob)).isEqualTo(mode);
    assertThat(place(item("vmlinux", LINK), FileAccess.DEFAULT))
        .isEqualTo(PlacementMethod.UNCHANGED);
  }

  @Test
  void aBlobOfAnotherUserIsCopiedForItsOwnerCouldMakeItWritable() throws IOException {
    assumeRoot();
    Files.setAttribute(blob, "unix:uid", GUEST.uid());

    assertThat(place(item("vmlinux", LINK), FileAccess.DEFAULT))
        .isNotEqualTo(PlacementMethod.LINKED);
  }

  @Test
  void aLinkOfABlobThatHasBecomeWritableIsReplaced() throws IOException {
    placement.place(target, List.of(item("vmlinux", LINK)));
    mode(blob, "rw-rw-rw-");

    placement.place(target, List.of(item("vmlinux", LINK)));

    assertThat(PlacementTest.inode(target.resolve("vmlinux")))
        .isNotEqualTo(PlacementTest.inode(blob));
    assertThat(PlacementTest.mode(target.resolve("vmlinux"))).isEqualTo("r--r--r--");
  }

  @Test
  void bytesThatAreNoFileArePlacedLikeFiles() throws IOException {
    PlacementItem bytes =
        new PlacementItem(
            new PlacementSource.OfBytes("metadata", new byte[] {1, 2, 3}), "meta", CLONE);

    assertThat(place(bytes, FileAccess.DEFAULT)).isEqualTo(PlacementMethod.COPIED);
    assertThat(place(bytes, FileAccess.DEFAULT)).isEqualTo(PlacementMethod.UNCHANGED);
    assertThat(target.resolve("meta")).hasBinaryContent(new byte[] {1, 2, 3});

    Files.write(target.resolve("meta"), new byte[] {4, 5, 6});
    assertThat(place(bytes, FileAccess.DEFAULT)).isEqualTo(PlacementMethod.COPIED);
    assertThat(target.resolve("meta")).hasBinaryContent(new byte[] {1, 2, 3});
    assertThat(PlacementTest.mode(target.resolve("meta"))).isEqualTo("rw-r--r--");
  }

  @Test
  void filesAreMadeWhereNobodyElseCanLook() throws IOException {
    List<String> modes = new ArrayList<>();
    Reflink looks =
        (source, made) -> {
          modes.add(PlacementTest.mode(made.resolveSibling("")));
          return false;
        };

    new Placement(List.of(temp.resolve("jails")), Clock.systemUTC(), looks)
        .place(target, List.of(item("disk", CLONE)));

    assertThat(modes).containsExactly("rwx------");
    assertThat(names()).containsExactly("disk");
  }

  @Test
  void whatADeadProcessLeftIsSweptUpAndALinkThatLooksLikeItIsNotFollowed() throws IOException {
    Files.createDirectories(target);
    Path abandoned = Files.createDirectory(TargetNames.temp(target));
    Files.writeString(abandoned.resolve("half"), "half");
    Path others = Files.createDirectory(temp.resolve("others"));
    Files.writeString(others.resolve("file"), "untouched");
    Files.createSymbolicLink(TargetNames.temp(target), others);

    placement.place(target, List.of(item("vmlinux", LINK)));
    assertThat(abandoned.resolve("half")).exists();

    Clock later = Clock.offset(Clock.systemUTC(), Duration.ofHours(2));
    new Placement(List.of(temp.resolve("jails")), later)
        .place(target, List.of(item("vmlinux", LINK)));
    assertThat(names()).containsExactly("vmlinux");
    assertThat(others.resolve("file")).hasContent("untouched");
  }

  private static void assumeRoot() {
    assumeTrue(Inode.ownUid() == 0, "needs root, to give files to another user");
  }

  private static FileAccess access(Optional<FileOwner> owner, String permissions) {
    return new FileAccess(owner, PosixFilePermissions.fromString(permissions));
  }

  private PlacementMethod place(PlacementItem item, FileAccess access) throws IOException {
    return placement.place(target, List.of(item), access).get(0).method();
  }

  private PlacementItem item(String name, PlacementMode mode) {
    return new PlacementItem(blob, name, mode);
  }

  private static void mode(Path file, String mode) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  private FileOwner owner(String name) throws IOException {
    Path file = target.resolve(name);
    return new FileOwner(
        (int) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS),
        (int) Files.getAttribute(file, "unix:gid", LinkOption.NOFOLLOW_LINKS));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(target)) {
      return files.map(file -> String.valueOf(file.getFileName())).toList();
    }
  }
}
