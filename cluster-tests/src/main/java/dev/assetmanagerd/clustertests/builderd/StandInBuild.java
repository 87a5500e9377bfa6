package dev.assetmanagerd.clustertests.builderd;

import dev.assetmanagerd.builderd.v1.BuildConfig;
import dev.assetmanagerd.builderd.v1.BuildJob;
import dev.assetmanagerd.builderd.v1.BuildState;
import dev.assetmanagerd.clustertests.client.RandomContent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** One build of the stand-in. Thread-safe. */
final class StandInBuild {
  private static final long DEFAULT_BYTES = 200_000;

  private final String id;
  private final BuildConfig config;
  private final String key;
  private final long durationMillis;
  private final long startedNanos = System.nanoTime();
  private BuildState state = BuildState.BUILD_STATE_BUILDING;
  private String error = "";
  private String path = "";
  private long size;
  private String checksum = "";

  StandInBuild(String id, BuildConfig config, String key, long durationMillis) {
    this.id = id;
    this.config = config;
    this.key = key;
    this.durationMillis = durationMillis;
  }

  String id() {
    return id;
  }

  BuildConfig config() {
    return config;
  }

  /** What the caller identifies the build by; the same for all attempts. */
  String key() {
    return key;
  }

  String image() {
    return config.getSource().getDockerImage().getImageUri();
  }

  long durationMillis() {
    return durationMillis;
  }

  synchronized BuildState state() {
    return state;
  }

  synchronized void complete() {
    state = BuildState.BUILD_STATE_COMPLETED;
  }

  synchronized void fail(String why) {
    state = BuildState.BUILD_STATE_FAILED;
    error = why;
  }

  /** The bytes; those of other builds are others. */
  RandomContent artifact(long bytes) {
    return new RandomContent(
        image().hashCode() * 31L + id.hashCode(), bytes == 0 ? DEFAULT_BYTES : bytes);
  }

  /** Puts the artifact where the nodes can read it, whole or not at all. */
  synchronized void leaveIn(String store, long bytes) {
    RandomContent artifact = artifact(bytes);
    Path target = Path.of(store).resolve("builds").resolve(id + ".ext4");
    try (InputStream content = artifact.open()) {
      Path directory = Files.createDirectories(target.resolveSibling(""));
      Path part = directory.resolve(id + ".part");
      Files.copy(content, part, StandardCopyOption.REPLACE_EXISTING);
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    path = target.toString();
    size = artifact.size();
    checksum = artifact.sha256();
  }

  synchronized BuildJob job() {
    long elapsedMillis = (System.nanoTime() - startedNanos) / 1_000_000;
    boolean done = state == BuildState.BUILD_STATE_COMPLETED;
    int percent = (int) Math.min(99, elapsedMillis * 100 / Math.max(1, durationMillis));
    return BuildJob.newBuilder()
        .setBuildId(id)
        .setState(state)
        .setRootfsPath(path)
        .setRootfsSizeBytes(size)
        .setRootfsChecksum(checksum)
        .setErrorMessage(error)
        .setProgressPercent(done ? 100 : percent)
        .setCurrentStep(percent < 50 ? "extracting" : "packing")
        .build();
  }
}
