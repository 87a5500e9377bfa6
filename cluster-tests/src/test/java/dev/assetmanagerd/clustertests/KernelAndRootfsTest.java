package dev.assetmanagerd.clustertests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.assetmanagerd.clustertests.client.RandomContent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A kernel and an ext4 image, in on one node by the command line, out on another.
 *
 * <p>The kernel is the file named by the environment's {@code ASSETMANAGERD_TEST_KERNEL}, or one
 * found below /boot, or bytes that look like none. The image is made here, with files in it.
 */
@Tag("cluster")
@Timeout(240)
final class KernelAndRootfsTest {
  private static final String IMAGE_SIZE = "200M";
  private static final long KERNEL_BYTES = 11_000_000;
  private static final Duration COMMAND_MAX = Duration.ofMinutes(2);

  @RegisterExtension final Clusters clusters = new Clusters();

  @TempDir Path work;

  @Test
  void kernelAndRootFileSystemComeOutOfAnotherNodeBitIdentical() throws Exception {
    Optional<Path> e2fsprogs = e2fsprogs();
    assumeThat(e2fsprogs).as("directory of mke2fs and e2fsck").isPresent();
    Path tools = e2fsprogs.orElseThrow();
    Path kernel = kernel();
    Path rootfs = ext4(tools.resolve("mke2fs"));
    TestCluster cluster = clusters.start(3);
    Node in = cluster.nodes().get(0);
    Node out = cluster.nodes().get(2);

    upload(in, kernel, "kernel", "kernel-1");
    upload(in, rootfs, "rootfs", "rootfs-1");
    Path jail = cluster.jailerDirectory().resolve("firecracker/vm-1/root");
    cli(out, "asset", "prepare", "kernel-1", "rootfs-1", "--target", jail.toString());

    assertThat(Files.mismatch(jail.resolve("vmlinux"), kernel)).as("kernel").isEqualTo(-1L);
    assertThat(Files.mismatch(jail.resolve("rootfs.ext4"), rootfs)).as("rootfs").isEqualTo(-1L);
    String e2fsck = tools.resolve("e2fsck").toString();
    run(List.of(e2fsck, "-fn", jail.resolve("rootfs.ext4").toString()));
  }

  private void upload(Node node, Path file, String type, String id) {
    cli(
        node,
        "asset",
        "upload",
        file.toString(),
        "--name",
        id,
        "--type",
        type,
        "--id",
        id,
        "--label",
        "set=kernel-and-rootfs");
  }

  private String cli(Node node, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--endpoint", node.apiAddress()));
    return run(ProductProgram.command(all));
  }

  private String run(List<String> command) {
    Path log = work.resolve("command-" + System.nanoTime() + ".log");
    try (ChildProcess process = ChildProcess.start(command.get(0), command, Map.of(), log)) {
      assertThat(process.await(COMMAND_MAX)).as("%s ended", command).isTrue();
      String printed = Files.readString(log);
      assertThat(process.exitCode()).as("%s\n%s", command, printed).isZero();
      return printed;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Path ext4(Path mke2fs) throws IOException {
    Path tree = Files.createDirectories(work.resolve("tree/bin"));
    for (int i = 0; i < 40; i++) {
      write(new RandomContent(i, 1 << 20), tree.resolve("program-" + i));
    }
    Files.writeString(work.resolve("tree/init"), "#!/bin/sh\nexec /bin/program-0\n");
    Path image = work.resolve("rootfs.ext4");
    run(
        List.of(
            mke2fs.toString(),
            "-q",
            "-t",
            "ext4",
            "-d",
            work.resolve("tree").toString(),
            image.toString(),
            IMAGE_SIZE));
    assertThat(Files.size(image)).isGreaterThanOrEqualTo(200L << 20);
    return image;
  }

  private Path kernel() throws IOException {
    String named = System.getenv("ASSETMANAGERD_TEST_KERNEL");
    if (named != null) {
      return Path.of(named);
    }
    try (Stream<Path> boot = Files.list(Path.of("/boot"))) {
      List<Path> found =
          boot.filter(path -> path.getFileName().toString().startsWith("vmlinuz"))
              .filter(Files::isReadable)
              .toList();
      if (!found.isEmpty()) {
        return found.get(0);
      }
    } catch (IOException noBoot) {
      System.out.println("no /boot: " + noBoot.getMessage());
    }
    System.out.println("no kernel found: random bytes stand for it");
    return write(new RandomContent(99, KERNEL_BYTES), work.resolve("vmlinux.bin"));
  }

  private static Path write(RandomContent content, Path file) throws IOException {
    try (InputStream bytes = content.open()) {
      Files.copy(bytes, file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }

  private static Optional<Path> e2fsprogs() {
    return Stream.of("/usr/sbin", "/sbin")
        .map(Path::of)
        .filter(directory -> Files.isExecutable(directory.resolve("mke2fs")))
        .filter(directory -> Files.isExecutable(directory.resolve("e2fsck")))
        .findFirst();
  }
}
