package dev.assetmanagerd.storage.place;

import static dev.assetmanagerd.storage.place.PlacementMode.CLONE;
import static dev.assetmanagerd.storage.place.PlacementMode.LINK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assetmanagerd.storage.file.Reflink;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlacementTest {
  private static final int SIZE = 1_500_000;

  @TempDir private Path temp;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path jails;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path target;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path blob;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Placement placement;

  private final byte[] content = content(1);

  @BeforeEach
  void makeBlob() throws IOException {
    jails = temp.resolve("jails");
    target = jails.resolve("firecracker/vm-1/root");
    blob = blob("blob", content);
    placement = new Placement(List.of(jails), Clock.systemUTC());
  }

  @Test
  void aReadOnlyFileIsAHardLinkOfTheBlob() throws IOException {
    List<PlacedFile> placed = placement.place(target, List.of(item("vmlinux", LINK)));

    assertThat(placed)
        .containsExactly(new PlacedFile(target.resolve("vmlinux"), PlacementMethod.LINKED, SIZE));
    assertThat(inode(target.resolve("vmlinux"))).isEqualTo(inode(blob));
    assertThat(mode(target.resolve("vmlinux"))).isEqualTo("r--r--r--");
    assertThat(names()).containsExactly("vmlinux");
  }

  @Test
  void aWritableFileIsItsOwn() throws IOException {
    List<PlacedFile> placed = placement.place(target, List.of(item("rootfs.ext4", CLONE)));

    Path file = target.resolve("rootfs.ext4");
    assertThat(placed).extracting(PlacedFile::path).containsExactly(file);
    assertThat(placed.get(0).method()).isIn(PlacementMethod.REFLINKED, PlacementMethod.COPIED);
    assertThat(file).hasBinaryContent(content);
    assertThat(inode(file)).isNotEqualTo(inode(blob));
    assertThat(mode(file)).isEqualTo("rw-r--r--");
    assertThat(names()).containsExactly("rootfs.ext4");
  }

  @Test
  void missingDirectoriesAreMadeForEverybodyToEnter() throws IOException {
    placement.place(target, List.of(item("vmlinux", LINK)));

    for (Path made = target; !made.equals(jails); made = made.resolveSibling("")) {
      assertThat(mode(made)).as(made.toString()).isEqualTo("rwxr-xr-x");
    }
  }

  @ParameterizedTest
  @EnumSource
  void repeatingARequestSucceedsAndTouchesNeitherBlobNorFile(PlacementMode mode)
      throws IOException {
    placement.place(target, List.of(item("file", mode)));
    Object before = inode(target.resolve("file"));

    for (int i = 0; i < 3; i++) {
      assertThat(placement.place(target, List.of(item("file", mode))))
          .extracting(PlacedFile::method)
          .containsExactly(PlacementMethod.UNCHANGED);
    }

    assertThat(inode(target.resolve("file"))).isEqualTo(before);
    assertThat(target.resolve("file")).hasBinaryContent(content);
    assertThat(blob).hasBinaryContent(content);
    assertThat(names()).containsExactly("file");
  }

  @Test
  void copyingOverAHardLinkOfTheBlobDoesNotTruncateTheBlob() throws IOException {
    placement.place(target, List.of(item("rootfs.ext4", LINK)));
    assertThat(inode(target.resolve("rootfs.ext4"))).isEqualTo(inode(blob));

    placement.place(target, List.of(item("rootfs.ext4", CLONE)));

    assertThat(blob).hasBinaryContent(content);
    assertThat(target.resolve("rootfs.ext4")).hasBinaryContent(content);
    assertThat(inode(target.resolve("rootfs.ext4")))
        .as("a guest that writes must not write to the blob")
        .isNotEqualTo(inode(blob));
  }

  @Test
  void placingOtherContentOverAHardLinkLeavesTheLinkedBlobWhole() throws IOException {
    byte[] otherContent = content(2);
    Path other = blob("other", otherContent);
    for (PlacementMode mode : PlacementMode.values()) {
      placement.place(target, List.of(item("file", LINK)));

      placement.place(target, List.of(new PlacementItem(other, "file", mode)));

      assertThat(target.resolve("file")).hasBinaryContent(otherContent);
      assertThat(blob).hasBinaryContent(content);
    }
  }

  @Test
  void whatAGuestWritesNeverReachesTheBlob() throws IOException {
    placement.place(target, List.of(item("rootfs.ext4", CLONE)));
    Path other = jails.resolve("firecracker/vm-2/root");
    placement.place(other, List.of(item("rootfs.ext4", CLONE)));

    Files.write(target.resolve("rootfs.ext4"), new byte[SIZE], StandardOpenOption.WRITE);

    assertThat(blob).hasBinaryContent(content);
    assertThat(other.resolve("rootfs.ext4")).hasBinaryContent(content);
  }

  @Test
  void aWritableFileThatAGuestHasChangedIsReplacedInOneStep() throws IOException {
    placement.place(target, List.of(item("rootfs.ext4", CLONE)));
    Path file = target.resolve("rootfs.ext4");
    Files.write(file, new byte[SIZE], StandardOpenOption.WRITE);
    Path stillOpen = Files.createLink(temp.resolve("still-open"), file);

    placement.place(target, List.of(item("rootfs.ext4", CLONE)));

    assertThat(file).hasBinaryContent(content);
    assertThat(stillOpen).as("what a running guest has open").hasBinaryContent(new byte[SIZE]);
  }

  @Test
  void aReadOnlyFileOnAnotherFileSystemIsAReadOnlyCopy() throws IOException {
    Path elsewhere = Path.of("/dev/shm");
    assumeTrue(
        Files.isWritable(elsewhere)
            && !Files.getFileStore(elsewhere).equals(Files.getFileStore(temp)),
        "needs /dev/shm on a file system of its own");
    Path root = Files.createTempDirectory(elsewhere, "jails");
    try {
      Placement there = new Placement(List.of(root), Clock.systemUTC());

      assertThat(there.place(root, List.of(item("vmlinux", LINK))))
          .containsExactly(new PlacedFile(root.resolve("vmlinux"), PlacementMethod.COPIED, SIZE));
      assertThat(root.resolve("vmlinux")).hasBinaryContent(content);
      assertThat(mode(root.resolve("vmlinux"))).isEqualTo("r--r--r--");

      assertThat(there.place(root, List.of(item("vmlinux", LINK))))
          .extracting(PlacedFile::method)
          .containsExactly(PlacementMethod.UNCHANGED);

      byte[] otherContent = content(3);
      Path other = blob("other", otherContent);
      there.place(root, List.of(new PlacementItem(other, "vmlinux", LINK)));
      assertThat(root.resolve("vmlinux")).hasBinaryContent(otherContent);
    } finally {
      deleteTree(root);
    }
  }

  @Test
  void aSourceThatOthersMayWriteToIsCopiedAndNotLinked() throws IOException {
    Files.setPosixFilePermissions(blob, PosixFilePermissions.fromString("rw-rw-r--"));

    assertThat(placement.place(target, List.of(item("vmlinux", LINK))))
        .extracting(PlacedFile::method)
        .doesNotContain(PlacementMethod.LINKED);

    assertThat(inode(target.resolve("vmlinux"))).isNotEqualTo(inode(blob));
    assertThat(mode(target.resolve("vmlinux"))).isEqualTo("r--r--r--");
  }

  @Test
  void whenOneFileCannotBeMadeNoneAppears() throws IOException {
    PlacementItem bad = new PlacementItem(temp.resolve("missing"), "initrd", LINK);

    assertFails(Reason.SOURCE_MISSING, target, item("vmlinux", LINK), bad)
        .withMessageContaining("missing");

    assertThat(jails).as("nor a directory").doesNotExist();
  }

  @Test
  void aDirectoryInTheWayOfOneFileStopsAllAndLeavesWhatWasThere() throws IOException {
    placement.place(target, List.of(item("vmlinux", LINK)));
    Files.createDirectory(target.resolve("zzz"));
    Path other = blob("other", content(4));

    assertFails(
            Reason.IN_THE_WAY,
            target,
            new PlacementItem(other, "vmlinux", LINK),
            item("new", CLONE),
            item("zzz", CLONE))
        .withMessageContaining("zzz");

    assertThat(target.resolve("vmlinux")).hasBinaryContent(content);
    assertThat(names()).containsExactlyInAnyOrder("vmlinux", "zzz");
  }

  @Test
  void aFailureWhileCopyingRemovesEverythingMadeForTheRequest() {
    Reflink breaks =
        (source, file) -> {
          throw new IOException("No space left on device");
        };
    Placement failing = new Placement(List.of(jails), Clock.systemUTC(), breaks);

    assertThatExceptionOfType(PlacementException.class)
        .isThrownBy(
            () -> failing.place(target, List.of(item("vmlinux", LINK), item("disk", CLONE))))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NO_SPACE))
        .withMessageContaining(target.toString());

    assertThat(jails).isEmptyDirectory();
  }

  @Test
  void aCloneThatIsShorterThanItsSourceIsNotPlaced() throws IOException {
    Reflink shortens =
        (source, file) -> {
          Files.write(file, new byte[10]);
          return true;
        };
    Placement wrong = new Placement(List.of(jails), Clock.systemUTC(), shortens);

    assertThatExceptionOfType(PlacementException.class)
        .isThrownBy(() -> wrong.place(target, List.of(item("disk", CLONE))))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.SOURCE_CHANGED));

    assertThat(jails).isEmptyDirectory();
  }

  @Test
  void twoFilesOfOneNameAreRefused() {
    assertFails(Reason.INVALID_NAME, target, item("rootfs.ext4", CLONE), item("rootfs.ext4", LINK))
        .withMessageContaining("rootfs.ext4");
    assertThat(jails).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "/etc/passwd",
        "../x",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\u007f"
      })
  void aFileNameThatIsNoPlainNameIsRefused(String name) {
    assertFails(Reason.INVALID_NAME, target, item(name, LINK));
    assertFails(Reason.INVALID_NAME, target, item("x".repeat(256), LINK));
    assertThat(jails).doesNotExist();
  }

  @Test
  void aTargetOutsideTheRootsIsRefusedAndNotMade() throws IOException {
    for (Path outside :
        List.of(
            temp.resolve("elsewhere"),
            temp.resolve("jails-of-others/vm"),
            jails.resolve("../elsewhere"),
            jails.resolve("vm/../../elsewhere"),
            temp,
            Path.of("/"))) {
      assertFails(Reason.OUTSIDE_ROOTS, outside, item("vmlinux", LINK))
          .withMessageContaining(jails.toString());
      assertThatExceptionOfType(PlacementException.class)
          .isThrownBy(() -> placement.checkTarget(outside));
    }
    assertFails(Reason.INVALID_NAME, Path.of("jails/vm"), item("vmlinux", LINK));
    assertFails(Reason.INVALID_NAME, jails.resolve("a\nb"), item("vmlinux", LINK));
    assertThat(temp.resolve("elsewhere")).doesNotExist();
    assertThat(temp.resolve("jails-of-others")).doesNotExist();
  }

  @Test
  void dotsThatStayInsideTheRootsAreTakenOut() throws IOException {
    List<PlacedFile> placed =
        placement.place(jails.resolve("x/../vm/./root"), List.of(item("vmlinux", LINK)));

    assertThat(placed)
        .extracting(PlacedFile::path)
        .containsExactly(jails.resolve("vm/root/vmlinux"));
    assertThat(jails.resolve("x")).doesNotExist();
  }

  @Test
  void noSymbolicLinkInTheTargetLeadsOutOfTheRoots() throws IOException {
    Path outside = Files.createDirectories(temp.resolve("outside/sub"));
    Files.createDirectories(jails);
    Files.createSymbolicLink(jails.resolve("direct"), outside);
    Files.createSymbolicLink(jails.resolve("relative"), Path.of("../outside"));
    Files.createSymbolicLink(jails.resolve("chain"), jails.resolve("direct"));
    Files.createSymbolicLink(jails.resolve("dangling"), outside.resolve("nothing"));
    Files.createSymbolicLink(jails.resolve("loop"), jails.resolve("loop"));

    for (String way :
        List.of(
            "direct", "direct/new", "relative/sub", "chain", "dangling", "dangling/x", "loop")) {
      assertFails(Reason.OUTSIDE_ROOTS, jails.resolve(way), item("vmlinux", LINK))
          .withMessageContaining("symbolic link");
    }
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void aSymbolicLinkThatStaysInsideTheRootsIsFollowed() throws IOException {
    Files.createDirectories(jails.resolve("real"));
    Files.createSymbolicLink(jails.resolve("alias"), jails.resolve("real"));

    assertThat(placement.place(jails.resolve("alias/vm"), List.of(item("vmlinux", LINK))))
        .extracting(PlacedFile::path)
        .containsExactly(jails.resolve("alias/vm/vmlinux"));

    assertThat(jails.resolve("real/vm/vmlinux")).hasBinaryContent(content);
  }

  @Test
  void aRootThatIsASymbolicLinkIsTheOperatorsWish() throws IOException {
    Files.createDirectories(temp.resolve("disk2/jails"));
    Path link = Files.createSymbolicLink(temp.resolve("srv"), temp.resolve("disk2/jails"));

    new Placement(List.of(link), Clock.systemUTC())
        .place(link.resolve("vm"), List.of(item("vmlinux", LINK)));

    assertThat(temp.resolve("disk2/jails/vm/vmlinux")).hasBinaryContent(content);
  }

  @ParameterizedTest
  @EnumSource
  void aSymbolicLinkAtTheTargetNameIsReplacedAndNotFollowed(PlacementMode mode) throws IOException {
    Path victim = Files.writeString(temp.resolve("victim"), "untouched");
    Files.createDirectories(target);
    Files.createSymbolicLink(target.resolve("file"), victim);

    placement.place(target, List.of(item("file", mode)));

    assertThat(Files.isSymbolicLink(target.resolve("file"))).isFalse();
    assertThat(target.resolve("file")).hasBinaryContent(content);
    assertThat(victim).hasContent("untouched");
  }

  @Test
  void aFileWhereADirectoryIsToBeIsNamed() throws IOException {
    Files.createDirectories(jails);
    Files.writeString(jails.resolve("vm"), "x");

    assertFails(Reason.IN_THE_WAY, jails.resolve("vm/root"), item("vmlinux", LINK))
        .withMessageContaining(jails.resolve("vm").toString());
    assertThat(jails.resolve("vm")).hasContent("x");
  }

  @ParameterizedTest
  @EnumSource
  void aSourceThatIsNoFileIsRefused(PlacementMode mode) throws IOException {
    Path link = Files.createSymbolicLink(temp.resolve("link"), blob);
    for (Path source : List.of(temp, link, Path.of("/dev/zero"), temp.resolve("missing"))) {
      assertFails(Reason.SOURCE_MISSING, target, new PlacementItem(source, "x", mode))
          .withMessageContaining(source.toString());
    }
    assertThat(jails).doesNotExist();
  }

  @Test
  void whatADeadProcessLeftHalfMadeIsSweptUpAndWhatIsInUseIsNot() throws IOException {
    Files.createDirectories(target);
    Path temporary = Files.writeString(TargetNames.temp(target), "half");

    placement.place(target, List.of(item("vmlinux", LINK)));
    assertThat(temporary).exists();

    Clock later = Clock.offset(Clock.systemUTC(), Duration.ofHours(2));
    new Placement(List.of(jails), later).place(target, List.of(item("vmlinux", LINK)));
    assertThat(names()).containsExactly("vmlinux");
  }

  @Test
  void manyRequestsForOneDirectoryAtATimeAllSucceed() throws Exception {
    List<Callable<List<PlacedFile>>> requests = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      requests.add(
          () ->
              placement.place(target, List.of(item("vmlinux", LINK), item("rootfs.ext4", CLONE))));
    }
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      for (Future<List<PlacedFile>> done : threads.invokeAll(requests, 60, TimeUnit.SECONDS)) {
        assertThat(done.get()).hasSize(2);
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(names()).containsExactlyInAnyOrder("vmlinux", "rootfs.ext4");
    assertThat(inode(target.resolve("vmlinux"))).isEqualTo(inode(blob));
    assertThat(target.resolve("rootfs.ext4")).hasBinaryContent(content);
  }

  @Test
  void aRelativeRootIsAMistakeInTheConfiguration() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Placement(List.of(Path.of("jails")), Clock.systemUTC()));
  }

  private org.assertj.core.api.ThrowableAssertAlternative<PlacementException> assertFails(
      Reason reason, Path directory, PlacementItem... items) {
    return assertThatExceptionOfType(PlacementException.class)
        .as(directory.toString())
        .isThrownBy(() -> placement.place(directory, Arrays.asList(items)))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private PlacementItem item(String name, PlacementMode mode) {
    return new PlacementItem(blob, name, mode);
  }

  private Path blob(String name, byte[] bytes) throws IOException {
    Path file = Files.write(temp.resolve(name), bytes);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
    return file;
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(target)) {
      return files.map(file -> String.valueOf(file.getFileName())).toList();
    }
  }

  static byte[] content(long seed) {
    byte[] bytes = new byte[SIZE];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static Object inode(Path file) throws IOException {
    return Files.getAttribute(file, "unix:ino", LinkOption.NOFOLLOW_LINKS);
  }

  static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  private static void deleteTree(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
