package dev.assetmanagerd.clustertests.chaos.nemesis;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.NodeFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;

/**
 * Disks of running nodes that are full, slow or fail. System calls are made to fail by {@code
 * strace}, in one process, for a while.
 */
final class Disks {
  private static final String SYNC = "fsync,fdatasync";
  private static final String WRITE = "write,pwrite64,writev,pwritev,fallocate";
  private static final Duration LEAST = Duration.ofSeconds(2);
  private static final Duration MOST = Duration.ofSeconds(8);
  private static final Duration SETTLES_LEAST = Duration.ofMillis(500);
  private static final Duration SETTLES_MOST = Duration.ofMillis(1_500);
  private static final Duration BACK_MAX = Duration.ofSeconds(90);
  private static final int CHUNK = 1 << 16;

  private Disks() {}

  static List<Nemesis> all() {
    return List.of(
        traced("disk-full-raft", "no space for a node's Raft log", Disks::fullRaft),
        traced("disk-full-registry", "no space for a node's registry", Disks::fullRegistry),
        Nemesis.of(
            "disk-full-blobs",
            "no space where blobs are stored",
            Need.SMALL_DISK,
            Disks::fullBlobs),
        // With snapshots, so that logs are shorter than what an unsynced registry forgets.
        new Nemesis(
            "power-loss",
            "all nodes and their disks lose power at once; what was not synced is gone",
            EnumSet.of(Need.POWER, Need.SNAPSHOTS),
            Disks::losePower),
        traced("fsync-fails", "fsync of one node fails with an I/O error", Disks::failingSync),
        traced("fsync-slow", "fsync of one node takes 0.2 to 1 s", Disks::slowSync));
  }

  private static Nemesis traced(String id, String does, Nemesis.Round round) {
    return Nemesis.of(id, does, Need.TRACING, round);
  }

  private static void fullRaft(Scene scene) throws Exception {
    Node victim = scene.victim();
    fail(
        scene,
        "disk full",
        victim,
        "raft",
        WRITE,
        "error=ENOSPC",
        files(new NodeFiles(victim).raft()));
  }

  private static void fullRegistry(Scene scene) throws Exception {
    Node victim = scene.victim();
    fail(
        scene,
        "disk full",
        victim,
        "registry",
        WRITE,
        "error=ENOSPC",
        files(new NodeFiles(victim).databaseDirectory()));
  }

  private static void failingSync(Scene scene) throws Exception {
    fail(scene, "fsync fails", scene.victim(), "", SYNC, "error=EIO", List.of());
  }

  private static void slowSync(Scene scene) throws Exception {
    int millis = 200 + scene.random().nextInt(800);
    String delay = "delay_exit=" + millis * 1_000;
    fail(scene, "fsync slow", scene.victim(), millis + " ms", SYNC, delay, List.of());
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> below = Files.walk(directory)) {
      return below.filter(Files::isRegularFile).toList();
    }
  }

  /** A node that this ends is started again, as whatever looks after it would do. */
  private static void fail(
      Scene scene,
      String fault,
      Node victim,
      String detail,
      String calls,
      String how,
      List<Path> paths)
      throws Exception {
    scene.harm(
        fault,
        List.of(victim),
        detail,
        () -> {
          try (Tracer tracer = Tracer.start(victim, calls, how, paths)) {
            inject(scene, tracer, fault + " " + detail + " at " + victim.id());
          }
          awaitBack(scene, victim);
        });
  }

  private static void inject(Scene scene, Tracer tracer, String what) {
    if (!tracer.awaitAttached()) {
      scene.effects().missed(what + ": strace was not attached");
      return;
    }
    if (!tracer.awaitInjected()) {
      scene.effects().missed(what + ": no system call was changed");
      return;
    }
    scene.hold(LEAST, MOST);
    scene.effects().took(what.substring(0, what.indexOf(" at ")).strip(), tracer.injected());
  }

  /** It may be about to end, and is then started again; or it has got over it. */
  private static void awaitBack(Scene scene, Node victim) throws Exception {
    scene.holdInAnyCase(SETTLES_LEAST, SETTLES_MOST);
    await(victim + " is back")
        .atMost(BACK_MAX)
        .pollInterval(Duration.ofMillis(200))
        .until(
            () -> {
              if (!victim.isRunning()) {
                scene.cluster().start(victim);
              }
              return victim.isReady();
            });
  }

  private static void fullBlobs(Scene scene) throws Exception {
    Path filler = scene.smallDisk().resolve("filler");
    scene.harm(
        "disk full",
        List.of(),
        "blobs",
        true,
        () -> {
          fill(filler);
          try {
            scene.hold(LEAST, MOST);
          } finally {
            Files.delete(filler);
          }
        });
  }

  private static void losePower(Scene scene) throws Exception {
    List<Node> nodes = scene.cluster().nodes();
    scene.harm(
        "power lost",
        nodes,
        "",
        () -> {
          scene.power().lose(() -> nodes.forEach(scene.cluster()::kill));
          scene.hold(Duration.ofMillis(100), Duration.ofSeconds(2));
          nodes.forEach(scene.cluster()::start);
          scene.awaitMajorityUp();
        });
    scene.cluster().awaitReady();
    scene.hold(LEAST, MOST);
  }

  private static void fill(Path filler) throws IOException {
    try (OutputStream out = Files.newOutputStream(filler)) {
      byte[] chunk = new byte[CHUNK];
      while (true) {
        out.write(chunk);
      }
    } catch (java.nio.file.FileSystemException | java.io.EOFException full) {
      throw full;
    } catch (IOException full) {
      // "No space left on device" is what it is for.
      if (full.getMessage() == null || !full.getMessage().contains("No space")) {
        throw full;
      }
    }
  }
}
