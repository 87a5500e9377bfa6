package dev.assetmanagerd.storage.blob;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assetmanagerd.storage.file.PageCache;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SharedDirectoryBlobStoreTest extends BlobStoreContract {
  /** The JDK cannot name such a file in the C locale. */
  private static final String NON_ASCII =
      "UTF-8".equals(System.getProperty("sun.jnu.encoding")) ? "ä" : "a";

  @TempDir private Path temp;

  private Path root() {
    return temp.resolve("blobs");
  }

  @Override
  protected SharedDirectoryBlobStore openStore() throws IOException {
    return SharedDirectoryBlobStore.open(root(), "n1");
  }

  @Override
  protected BlobStore openStoreOfAnotherNode() throws IOException {
    return SharedDirectoryBlobStore.open(root(), "n2");
  }

  @Test
  void aBlobIsReadOnlyAndLiesUnderItsDigest() throws IOException {
    byte[] content = content(1000, 20);

    put(content);

    Path file = root().resolve(digest(content).location());
    assertThat(file).hasBinaryContent(content);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("r--r--r--");
  }

  @Test
  void ofWhatWasSetAsideOnlyWhatIsInItsPlaceAgainIsEverDeleted() throws IOException {
    for (int i = 0; i < 12; i++) {
      assertThat(store().setAside(put(content(100, 40 + i)), false)).isTrue();
    }
    assertThat(quarantined()).as("none is in its place again").hasSize(12);

    for (int i = 0; i < 10; i++) {
      put(content(100, 40 + i));
    }
    assertThat(store().setAside(put(content(100, 60)), true)).isTrue();

    assertThat(quarantined())
        .as("8 of those in their place again, the 2 that are not, and the last")
        .hasSize(11)
        .anyMatch(name -> name.endsWith(digest(content(100, 50)).hex()))
        .anyMatch(name -> name.endsWith(digest(content(100, 51)).hex()))
        .noneMatch(name -> name.endsWith(digest(content(100, 40)).hex()))
        .noneMatch(name -> name.endsWith(digest(content(100, 41)).hex()));
  }

  @Test
  void aFileWithTheLongestOfNamesCanBeSetAside() throws IOException {
    String location = "x".repeat(255);
    Files.write(root().resolve(location), content(10, 70));

    assertThat(store().setAside(store().stat(location).orElseThrow(), false)).isTrue();

    assertThat(root().resolve(location)).doesNotExist();
    assertThat(quarantined()).hasSize(1);
  }

  @Test
  void aBlobThatIsDroppedFromMemoryIsReadAsBefore() throws IOException {
    BlobStat blob = put(content(LARGE, 71));

    store().dropCached(blob.location());

    assertThat(PageCache.drop(root().resolve(blob.location()))).isTrue();
    assertThat(PageCache.drop(root().resolve("nothing"))).isFalse();
    assertThat(read(blob.location(), 0)).isEqualTo(content(LARGE, 71));
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> store().dropCached("nothing"));
  }

  private List<String> quarantined() throws IOException {
    try (Stream<Path> files = Files.list(root().resolve(".quarantine"))) {
      return files.map(file -> String.valueOf(file.getFileName())).toList();
    }
  }

  @Test
  void anExistingBlobIsLeftAsItIs() throws IOException {
    byte[] content = content(1000, 21);
    put(content);
    Path file = root().resolve(digest(content).location());
    Object inode = Files.getAttribute(file, "unix:ino");

    put(content);

    assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(inode);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 999, 1001})
  void aDamagedBlobIsReplacedWithoutTouchingTheDamagedFile(int damagedSize) throws IOException {
    byte[] content = content(1000, 22);
    put(content);
    Path file = root().resolve(digest(content).location());
    Files.delete(file);
    Files.write(file, new byte[damagedSize]);
    Path linked = Files.createLink(temp.resolve("linked"), file);

    put(content);

    assertThat(file).hasBinaryContent(content);
    assertThat(linked).hasBinaryContent(new byte[damagedSize]);
  }

  @Test
  void aStagedFileOnAnotherFileSystemIsPutAllTheSame() throws IOException {
    Path elsewhere = Path.of("/dev/shm");
    assumeTrue(
        Files.isWritable(elsewhere)
            && !Files.getFileStore(elsewhere).equals(Files.getFileStore(temp)),
        "needs /dev/shm on a file system of its own");
    byte[] content = content(3_000_000, 23);
    Path file = Files.createTempFile(elsewhere, "staged", "");
    try {
      Files.write(file, content);

      String location = digest(content).location();

      store().put(file, location, digest(content), content.length);

      assertThat(read(location, 0)).isEqualTo(content);
      assertThat(file).doesNotExist();
      assertThat(staged()).isEmpty();
    } finally {
      Files.deleteIfExists(file);
    }
  }

  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void severalProcessesPutOneBlobAtATime() throws Exception {
    byte[] content = content(2_000_000, 24);
    Path source = Files.write(temp.resolve("source"), content);
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      processes.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  PutRepeatedly.class.getName(),
                  root().toString(),
                  "p" + i,
                  source.toString())
              .redirectErrorStream(true)
              .redirectOutput(temp.resolve("out" + i).toFile())
              .start());
    }
    for (int i = 0; i < 3; i++) {
      int exit = processes.get(i).waitFor();
      assertThat(exit)
          .as(() -> readQuietly("out0") + readQuietly("out1") + readQuietly("out2"))
          .isZero();
    }
    assertThat(read(digest(content).location(), 0)).isEqualTo(content);
    assertThat(staged()).isEmpty();
  }

  /** Puts a file twenty times, deleting it before every fifth; run as a process of its own. */
  static final class PutRepeatedly {
    private PutRepeatedly() {}

    public static void main(String[] args) throws IOException {
      SharedDirectoryBlobStore store = SharedDirectoryBlobStore.open(Path.of(args[0]), args[1]);
      byte[] content = Files.readAllBytes(Path.of(args[2]));
      for (int i = 0; i < 20; i++) {
        try (Spool spool = Spool.open(store.stagingDirectory(), args[1], content.length)) {
          spool.write(ByteBuffer.wrap(content));
          SpooledFile file = spool.finish();
          if (i % 5 == 4) {
            Files.deleteIfExists(Path.of(args[0]).resolve(file.digest().location()));
          }
          store.put(file.path(), file.digest().location(), file.digest(), file.sizeBytes());
        }
      }
    }
  }

  @Test
  void filesPutThereByOthersAreFoundByTheirRelativeOrAbsolutePath() throws IOException {
    for (String name :
        List.of(
            "vmlinux",
            "images/ubuntu.ext4",
            "a/b/c..d/e.f.g",
            "ab/abcd1234..x",
            "with space/" + NON_ASCII)) {
      Path file = root().resolve(name);
      Files.createDirectories(file.resolveSibling(""));
      Files.writeString(file, name);
      BlobStat expected =
          new BlobStat(
              name, name.getBytes(UTF_8).length, Files.getLastModifiedTime(file).toInstant());

      assertThat(store().stat(name)).contains(expected);
      assertThat(store().stat(file.toString())).contains(expected);
      assertThat(store().stat(root().toRealPath().resolve(name).toString())).contains(expected);
      assertThat(read(file.toString(), 0)).asString(UTF_8).isEqualTo(name);
    }
    assertThat(listed()).as("only what lies under its digest").isEmpty();
  }

  @Test
  void aStoreUnderAHiddenDirectoryTakesAbsolutePaths() throws IOException {
    Path hidden = temp.resolve(".dev/blobs");
    SharedDirectoryBlobStore other = SharedDirectoryBlobStore.open(hidden, "n1");
    Files.writeString(hidden.resolve("vmlinux"), "x");

    assertThat(other.stat(hidden.resolve("vmlinux").toString()))
        .map(BlobStat::location)
        .contains("vmlinux");
  }

  @Test
  void aStoreBehindASymbolicLinkWorksUnderBothNames() throws IOException {
    Path link = Files.createSymbolicLink(temp.resolve("link"), root());
    SharedDirectoryBlobStore linked = SharedDirectoryBlobStore.open(link, "n2");
    Files.writeString(root().resolve("vmlinux"), "x");

    assertThat(linked.stat(link.resolve("vmlinux").toString()))
        .isEqualTo(linked.stat(root().resolve("vmlinux").toString()))
        .map(BlobStat::location)
        .contains("vmlinux");
  }

  @Test
  void aNeighbourWhoseNameBeginsLikeTheRootsIsOutside() throws IOException {
    Path neighbour = Files.createDirectory(temp.resolve("blobs-of-others"));
    Files.writeString(neighbour.resolve("secret"), "x");

    assertRefused(neighbour.resolve("secret").toString(), "outside");
    assertRefused(root().toString(), "outside");
    assertRefused(root() + "/../blobs-of-others/secret", "..");
  }

  @Test
  void noSymbolicLinkLeadsOutOfTheStore() throws IOException {
    Path outside = Files.createDirectory(temp.resolve("outside"));
    Files.writeString(outside.resolve("secret"), "x");
    Files.createSymbolicLink(root().resolve("file"), outside.resolve("secret"));
    Files.createSymbolicLink(root().resolve("relative"), Path.of("../outside/secret"));
    Files.createSymbolicLink(root().resolve("dir"), outside);
    Files.createSymbolicLink(root().resolve("chain"), root().resolve("dir"));
    Files.createSymbolicLink(root().resolve("dangling"), outside.resolve("nothing"));
    Files.createSymbolicLink(root().resolve("loop"), root().resolve("loop"));
    Files.createSymbolicLink(root().resolve("staging"), root().resolve(".staging"));

    for (String location :
        List.of(
            "file",
            "relative",
            "dir/secret",
            "dir/nothing",
            "chain/secret",
            "dangling",
            "loop",
            "loop/x",
            "staging",
            "staging/x")) {
      assertRefused(location, "symbolic link");
    }
    assertThat(outside.resolve("secret")).hasContent("x");
  }

  @Test
  void aSymbolicLinkInsideTheStoreIsFollowedAndDeletedWithoutItsTarget() throws IOException {
    Files.writeString(root().resolve("vmlinux-6.1"), "kernel");
    Files.createSymbolicLink(root().resolve("vmlinux"), Path.of("vmlinux-6.1"));

    assertThat(store().stat("vmlinux")).map(BlobStat::sizeBytes).contains(6L);
    assertThat(store().delete("vmlinux")).isTrue();

    assertThat(Files.exists(root().resolve("vmlinux"), LinkOption.NOFOLLOW_LINKS)).isFalse();
    assertThat(root().resolve("vmlinux-6.1")).hasContent("kernel");
  }

  @Test
  void aShardThatIsASymbolicLinkTakesNoBlob() throws IOException {
    byte[] content = content(1000, 25);
    Path outside = Files.createDirectory(temp.resolve("outside"));
    Files.createSymbolicLink(root().resolve(digest(content).hex().substring(0, 2)), outside);

    assertThatExceptionOfType(BlobStoreUnavailableException.class).isThrownBy(() -> put(content));

    assertThat(outside).isEmptyDirectory();
    assertThat(staged()).isEmpty();
  }

  @Test
  @Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void directoriesAndSpecialFilesAreNoBlobs() throws Exception {
    Files.createDirectories(root().resolve("dir/sub"));
    Path pipe = root().resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();

    for (String location : List.of("dir", "dir/sub", "pipe")) {
      assertRefused(location, "not a regular file");
    }
    assertThat(Files.exists(pipe)).isTrue();
    assertThat(root().resolve("dir/sub")).isDirectory();
  }

  @Test
  void aPathThroughAFileLeadsNowhere() throws IOException {
    Files.writeString(root().resolve("file"), "x");

    assertThat(store().stat("file/x")).isEmpty();
    assertThat(store().delete("file/x/y")).isFalse();
  }

  @Test
  void aCompanionIsReadableAndGoesWithItsBlob() throws IOException {
    String location = put(content(1000, 26)).location();
    String companion = BlobCompanion.locationOf(location);
    Files.writeString(root().resolve(companion), "{}");

    assertThat(read(companion, 0)).asString(UTF_8).isEqualTo("{}");
    assertThat(listed()).extracting(BlobStat::location).containsExactly(location);
    assertThat(store().delete(location)).isTrue();

    assertThat(root().resolve(companion)).doesNotExist();
    assertThat(root().resolve(location)).doesNotExist();
  }

  @Test
  void aDeleteThatWasCutShortIsFinishedByTheNextOne() throws IOException {
    String location = put(content(1000, 27)).location();
    Path companion = root().resolve(BlobCompanion.locationOf(location));
    Files.writeString(companion, "{}");
    Files.delete(root().resolve(location));

    assertThat(store().delete(location)).isFalse();

    assertThat(companion).doesNotExist();
  }

  @Test
  void openingDeletesOnlyThisNodesLeftovers() throws IOException {
    List<Path> own = List.of(leftover("n1"), leftover("n1"));
    List<Path> others = List.of(leftover("n2"), leftover("n1-b"), leftover("n11"), leftover("N1"));

    openStore();

    assertThat(own).allSatisfy(file -> assertThat(file).doesNotExist());
    assertThat(others).allSatisfy(file -> assertThat(file).exists());
  }

  @Test
  void cleaningUpDeletesWhatNobodyHasWrittenToForAWhile() throws IOException {
    Path old = leftover("gone");
    Files.setLastModifiedTime(
        old, FileTime.from(Files.getLastModifiedTime(old).toInstant().minus(Duration.ofHours(30))));
    Path fresh = leftover("n2");
    Path foreign = Files.writeString(root().resolve(".staging/not-ours"), "x");
    Files.setLastModifiedTime(foreign, FileTime.fromMillis(0));

    assertThat(store().cleanUp(Duration.ofHours(24))).isEqualTo(1);

    assertThat(staged()).containsExactlyInAnyOrder(fresh, foreign);
  }

  @Test
  void aStoreThatIsNoLongerMountedIsAnErrorAndNotAnEmptyStore() throws IOException {
    byte[] content = content(1000, 28);
    Path staged = Files.write(temp.resolve("staged"), content);
    Files.move(root(), temp.resolve("unmounted"));
    Files.createDirectory(root());

    String location = digest(content).location();
    assertUnavailable(() -> store().stat(location));
    assertUnavailable(() -> store().delete(location));
    assertUnavailable(() -> store().open(location, 0));
    assertUnavailable(() -> store().list());
    assertUnavailable(() -> store().storeTime());
    assertUnavailable(() -> store().put(staged, location, digest(content), 1000));
    assertThat(root()).isEmptyDirectory();
  }

  @Test
  void aRootThatCannotBeUsedIsNamedWithTheReason() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "x");

    for (Path unusable : List.of(file, file.resolve("below"), Path.of("/proc/blobs"))) {
      assertThatExceptionOfType(BlobStoreUnavailableException.class)
          .isThrownBy(() -> SharedDirectoryBlobStore.open(unusable, "n1"))
          .withMessageContaining(unusable.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "../x", "a/b", ".hidden", "a b", "x\n"})
  void aNodeIdThatIsNoNameIsRefused(String nodeId) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SharedDirectoryBlobStore.open(root(), nodeId));
  }

  @Test
  void listingTellsTheTimeTheFileWasWritten() throws IOException {
    BlobStat blob = put(content(1000, 30));
    Instant dayAgo = store().storeTime().minus(Duration.ofDays(1)).truncatedTo(ChronoUnit.SECONDS);
    Files.setLastModifiedTime(root().resolve(blob.location()), FileTime.from(dayAgo));

    assertThat(listed()).extracting(BlobStat::lastModified).containsExactly(dayAgo);
  }

  @Test
  void listingLeavesOutWhatIsNotUnderItsDigest() throws IOException {
    BlobStat blob = put(content(1000, 29));
    String hex = digest("elsewhere").hex();
    Files.createDirectories(root().resolve("zz"));
    Files.writeString(root().resolve("zz").resolve(hex), "x");
    Path wrongShard = root().resolve(hex.startsWith("00") ? "11" : "00");
    Files.createDirectories(wrongShard);
    Files.writeString(wrongShard.resolve(hex), "x");
    Files.createDirectories(wrongShard.resolve(wrongShard.getFileName() + hex.substring(2)));
    Files.writeString(root().resolve(hex), "x");
    for (String end : List.of(".1", ".02", ".2x", ".2.3", ".metadata.json", "2")) {
      Files.writeString(root().resolve(blob.location() + end), "x");
    }

    assertThat(listed()).containsExactly(plain(blob));
  }

  private void assertRefused(String location, String why) {
    assertThatExceptionOfType(InvalidLocationException.class)
        .as("stat %s", location)
        .isThrownBy(() -> store().stat(location))
        .withMessageContaining(why);
    assertThatExceptionOfType(InvalidLocationException.class)
        .as("open %s", location)
        .isThrownBy(() -> store().open(location, 0));
    assertThatExceptionOfType(InvalidLocationException.class)
        .as("localFile %s", location)
        .isThrownBy(() -> store().localFile(location));
    assertThatExceptionOfType(InvalidLocationException.class)
        .as("delete %s", location)
        .isThrownBy(() -> store().delete(location));
  }

  private static void assertUnavailable(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatExceptionOfType(BlobStoreUnavailableException.class).isThrownBy(call);
  }

  /** Like what a killed process leaves: a spool that was never closed. */
  private Path leftover(String nodeId) throws IOException {
    Path file = store().stagingDirectory().resolve(StagedName.next(nodeId));
    return Files.writeString(file, "half");
  }

  private String readQuietly(String name) {
    try {
      return Files.readString(temp.resolve(name));
    } catch (IOException e) {
      return e.toString();
    }
  }
}
