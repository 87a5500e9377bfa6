package dev.assetmanagerd.storage.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assetmanagerd.storage.file.Reflink;
import dev.assetmanagerd.storage.place.PlacementException.Reason;
import dev.assetmanagerd.storage.place.PlacementRequest.Created;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Who owns a target directory renames and replaces what is in it at the worst moments. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class HostileOwnerTest {
  @TempDir private Path temp;
  private final byte[] content = PlacementTest.content(3);

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path jails;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path target;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path blob;

  @SuppressWarnings("NullAway.Init") // set before each test
  private Path victim;

  @BeforeEach
  void makeFiles() throws IOException {
    jails = Files.createDirectories(temp.resolve("jails"));
    target = Files.createDirectories(jails.resolve("vm-1"));
    blob = Files.write(temp.resolve("blob"), content);
    victim = Files.writeString(temp.resolve("shadow"), "secret");
    Files.setPosixFilePermissions(victim, PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void aLinkInPlaceOfTheFileThatIsBeingMadeIsNotFollowed() throws IOException {
    Reflink swapping =
        (from, to) -> {
          Files.copy(from, to);
          Path staging = onlyStaging();
          Files.move(staging, target.resolve("gone"));
          Files.createDirectory(staging);
          Files.createSymbolicLink(staging.resolve(to.getFileName()), victim);
          return true;
        };

    place(swapping, new PlacementItem(blob, "rootfs.ext4", PlacementMode.CLONE));

    assertThat(permissions(victim)).isEqualTo("rw-------");
    assertThat(victim).hasContent("secret");
    assertThat(target.resolve("rootfs.ext4")).hasBinaryContent(content);
    assertThat(permissions(target.resolve("rootfs.ext4"))).isEqualTo("rw-r--r--");
    assertThat(target.resolve("gone")).as("what was moved away").isEmptyDirectory();
  }

  @Test
  void aLinkInPlaceOfTheTargetDirectoryIsNotFollowed() throws IOException {
    Path outside = Files.createDirectory(temp.resolve("outside"));
    Reflink swapping =
        (from, to) -> {
          Files.move(target, jails.resolve("moved"));
          Files.createSymbolicLink(target, outside);
          return false;
        };

    place(swapping, new PlacementItem(blob, "rootfs.ext4", PlacementMode.CLONE));

    assertThat(outside).isEmptyDirectory();
    assertThat(jails.resolve("moved/rootfs.ext4")).hasBinaryContent(content);
  }

  @Test
  void aFifoAtTheTargetIsReplacedAndNotWaitedFor() throws Exception {
    Path fifo = fifo(target.resolve("vm.json"));

    place(
        Reflink.UNSUPPORTED,
        new PlacementItem(
            new PlacementSource.OfBytes("bytes", content), "vm.json", PlacementMode.CLONE));

    assertThat(fifo).isRegularFile().hasBinaryContent(content);
  }

  @Test
  void whatIsHeldIsLookedAtAndReadWhateverTakesItsPlace() throws Exception {
    Path file = Files.write(target.resolve("file"), content);
    try (HeldPath held = HeldPath.of(file, file)) {
      Files.delete(file);
      fifo(file);

      assertThat(held.inode().attributes().isRegularFile()).isTrue();
      assertThat(held.inode().size()).isEqualTo(content.length);
      assertThat(held.path()).hasBinaryContent(content);
    }
    try (HeldPath held = HeldPath.of(file, file)) {
      assertThat(held.inode().attributes().isOther()).as("a FIFO").isTrue();
    }
    Path link = Files.createSymbolicLink(target.resolve("link"), Path.of("/dev/zero"));
    try (HeldPath held = HeldPath.of(link, link)) {
      assertThat(held.inode().attributes().isSymbolicLink()).isTrue();
    }
    assertThat(HeldPath.ofAny(target.resolve("nothing"), Path.of("nothing"))).isNull();
  }

  @Test
  void nothingStaysHeld() throws IOException {
    place(Reflink.UNSUPPORTED, new PlacementItem(blob, "a", PlacementMode.CLONE));
    place(Reflink.UNSUPPORTED, new PlacementItem(blob, "a", PlacementMode.CLONE));

    assertThat(heldUnder(jails)).isEmpty();
  }

  @Test
  void aFailureBetweenTheRenamesRemovesWhatIsNew() throws IOException {
    Reflink obstructing =
        (from, to) -> {
          if (!Files.exists(target.resolve("second"))) {
            Files.createDirectories(target.resolve("second/full"));
          }
          return false;
        };

    assertThatExceptionOfType(PlacementException.class)
        .isThrownBy(
            () ->
                place(
                    obstructing,
                    new PlacementItem(
                        new PlacementSource.OfBytes("bytes", content),
                        "first",
                        PlacementMode.CLONE),
                    new PlacementItem(blob, "second", PlacementMode.CLONE)))
        .extracting(PlacementException::reason)
        .isEqualTo(Reason.IO);

    assertThat(names()).containsExactly("second");
  }

  @Test
  void butNothingThatAnotherRequestHasPutThereSince() throws IOException {
    Path ours = Files.write(target.resolve("a"), new byte[1]);
    Created made = new Created(ours, Inode.read(ours, Set.of(LinkOption.NOFOLLOW_LINKS)));
    Files.move(ours, target.resolve("b"));
    Files.write(ours, content);

    PlacementRequest.remove(made);
    assertThat(ours).hasBinaryContent(content);

    PlacementRequest.remove(new Created(target.resolve("b"), made.inode()));
    assertThat(target.resolve("b")).doesNotExist();
  }

  private void place(Reflink reflink, PlacementItem... items) throws PlacementException {
    var unused =
        new Placement(List.of(jails), Clock.systemUTC(), reflink).place(target, List.of(items));
  }

  private Path onlyStaging() throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(target, ".assetmanagerd-*")) {
      return all.iterator().next();
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(target)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static List<Path> heldUnder(Path directory) throws IOException {
    List<Path> held = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : all) {
        if (Files.isSymbolicLink(descriptor)
            && Files.readSymbolicLink(descriptor).startsWith(directory)) {
          held.add(descriptor);
        }
      }
    }
    return held;
  }

  private static String permissions(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  private static Path fifo(Path path) throws Exception {
    Process mkfifo = new ProcessBuilder("mkfifo", path.toString()).inheritIO().start();
    assertThat(mkfifo.waitFor(10, TimeUnit.SECONDS)).as("mkfifo ended").isTrue();
    assertThat(mkfifo.exitValue()).as("mkfifo").isZero();
    return path;
  }
}
