package dev.assetmanagerd.clustertests.chaos.nemesis;

import static org.awaitility.Awaitility.await;

import dev.assetmanagerd.clustertests.Node;
import dev.assetmanagerd.clustertests.NodeFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Kills a node in the middle of installing a snapshot that the leader sends it. It lags behind what
 * the others have purged of their logs, so that there is no other way for it to catch up; the
 * moment is found by the files that it receives and that it takes over.
 */
final class Installs {
  private static final Duration PURGE_MAX = Duration.ofSeconds(90);
  private static final Duration INSTALL_MAX = Duration.ofSeconds(45);
  private static final int HITS_WANTED = 3;
  private static final int ATTEMPTS_MAX = 6;
  private static final Pattern SEGMENT = Pattern.compile("log_(?:inprogress_)?(\\d+)(?:-\\d+)?");
  private static final String RECEIVED = "snapshot-";
  private static final String INSTALLED = "installed from the leader";

  private Installs() {}

  /** A node that lags is killed while it installs, three times if that can be. */
  static void interrupt(Scene scene) throws Exception {
    Node victim = scene.follower();
    int hits = 0;
    for (int i = 0; i < ATTEMPTS_MAX && hits < HITS_WANTED && !(scene.isOver() && hits > 0); i++) {
      hits += attempt(scene, victim, i + 1) ? 1 : 0;
    }
    scene.cluster().start(victim);
    Damages.awaitVoter(scene, victim);
    if (hits == 0) {
      scene.effects().missed(victim + " was never killed while it installed a snapshot");
    } else {
      scene.effects().took("killed while installing", hits);
    }
  }

  /** Once; the node is down afterwards. */
  private static boolean attempt(Scene scene, Node victim, int number) throws Exception {
    boolean[] hit = new boolean[1];
    scene.harm(
        "interrupted install",
        List.of(victim),
        "attempt " + number,
        () -> {
          if (victim.isRunning()) {
            scene.cluster().kill(victim);
          }
          awaitPurged(scene, victim, committed(scene));
          hit[0] = killInstalling(scene, victim);
        });
    if (hit[0]) {
      scene.harm("install hit", List.of(victim), "attempt " + number, () -> {});
    }
    return hit[0];
  }

  private static long committed(Scene scene) {
    return scene.cluster().statuses(false).stream()
        .mapToLong(status -> status.getCommitIndex())
        .max()
        .orElseThrow(() -> new AssertionError("nobody says what is committed"));
  }

  /** Until none of the others has the entries any more that the victim may have ended with. */
  private static void awaitPurged(Scene scene, Node victim, long index) {
    List<Node> others =
        scene.cluster().nodes().stream().filter(node -> !node.equals(victim)).toList();
    await("the others have purged their logs up to " + index)
        .atMost(PURGE_MAX)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> others.stream().allMatch(node -> firstIndex(node) > index + 1));
  }

  private static long firstIndex(Node node) {
    try (Stream<Path> files = Files.walk(new NodeFiles(node).raft())) {
      return files
          .map(file -> SEGMENT.matcher(file.getFileName().toString()))
          .filter(Matcher::matches)
          .mapToLong(name -> Long.parseLong(name.group(1)))
          .min()
          .orElse(0);
    } catch (IOException | UncheckedIOException changing) {
      return 0;
    }
  }

  /** Whether it was at it, and had not got to the end. */
  private static boolean killInstalling(Scene scene, Node victim) throws IOException {
    long installed = installed(victim);
    scene.cluster().start(victim);
    long begin = System.nanoTime();
    boolean installing = false;
    while (!installing
        && victim.isRunning()
        && installed(victim) == installed
        && System.nanoTime() - begin < INSTALL_MAX.toNanos()) {
      installing = isInstalling(victim);
    }
    scene.cluster().kill(victim);
    return installing && installed(victim) == installed;
  }

  /** A directory that is there only while a snapshot is received and put into its place. */
  private static boolean isInstalling(Node node) {
    try (Stream<Path> groups = Files.list(new NodeFiles(node).raft())) {
      for (Path group : groups.toList()) {
        if (hasReceived(group.resolve("tmp"))) {
          return true;
        }
      }
      return false;
    } catch (IOException notThere) {
      return false;
    }
  }

  private static boolean hasReceived(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.anyMatch(file -> file.getFileName().toString().startsWith(RECEIVED));
    } catch (IOException notThere) {
      return false;
    }
  }

  private static long installed(Node node) throws IOException {
    try (Stream<String> lines = Files.lines(node.logFile(), StandardCharsets.ISO_8859_1)) {
      return lines.filter(line -> line.contains(INSTALLED)).count();
    }
  }
}
