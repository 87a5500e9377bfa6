package dev.assetmanagerd.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Faults ordered by files; see {@link FailPoints#in}. */
final class DirectoryFailPoints implements FailPoints {
  /** What a step does when it is reached. */
  private enum Action {
    HALT,
    PAUSE,
    FAIL
  }

  private static final Logger log = LoggerFactory.getLogger(DirectoryFailPoints.class);
  private static final String MARK = ".hit";
  private static final Duration PAUSE_MAX = Duration.ofMinutes(10);

  /** Events may be lost, so the file is looked at this often in any case. */
  private static final Duration LOOK_INTERVAL = Duration.ofMillis(500);

  private final Path directory;
  private final Runnable halt;
  private final Duration pauseMax;

  DirectoryFailPoints(Path directory, Runnable halt, Duration pauseMax) {
    this.directory = directory;
    this.halt = halt;
    this.pauseMax = pauseMax;
  }

  static DirectoryFailPoints open(Path directory) {
    if (!directory.isAbsolute() || !Files.isDirectory(directory)) {
      throw new IllegalArgumentException(directory + " is not the absolute path of a directory");
    }
    List<String> unknown = unknownFiles(directory);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(directory + " holds no fail points: " + unknown);
    }
    return new DirectoryFailPoints(directory, () -> Runtime.getRuntime().halt(137), PAUSE_MAX);
  }

  private static List<String> unknownFiles(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> FailPoint.ofId(withoutMark(name)).isEmpty())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot read " + directory + ": " + e.getMessage(), e);
    }
  }

  private static String withoutMark(String name) {
    return name.endsWith(MARK) ? name.substring(0, name.length() - MARK.length()) : name;
  }

  @Override
  public void hit(FailPoint point) {
    Path file = directory.resolve(point.id());
    if (!Files.exists(file)) {
      return;
    }
    try {
      Action action = read(point, file);
      mark(point, action);
      log.warn("fail point {}: {}", point.id(), action);
      switch (action) {
        case HALT -> halt.run();
        case PAUSE -> awaitGone(point, file);
        case FAIL -> throw new FailPointException(point, "told to fail");
      }
    } catch (NoSuchFileException e) {
      log.warn("fail point {} was taken back just when it was reached", point.id());
    } catch (IOException e) {
      throw new FailPointException(point, "cannot be carried out", e);
    }
  }

  private static Action read(FailPoint point, Path file) throws IOException {
    String content = Files.readString(file, StandardCharsets.UTF_8).strip();
    return switch (content) {
      case "halt" -> Action.HALT;
      case "pause" -> Action.PAUSE;
      case "fail" -> Action.FAIL;
      default ->
          throw new FailPointException(
              point, "must be \"halt\", \"pause\" or \"fail\", not \"" + content + "\"");
    };
  }

  private void mark(FailPoint point, Action action) throws IOException {
    Path mark = directory.resolve(point.id() + MARK);
    try (FileChannel channel =
        FileChannel.open(mark, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(action.name().getBytes(StandardCharsets.UTF_8)));
      channel.force(true);
    }
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private void awaitGone(FailPoint point, Path file) throws IOException {
    long start = System.nanoTime();
    try (WatchService watch = directory.getFileSystem().newWatchService()) {
      directory.register(watch, StandardWatchEventKinds.ENTRY_DELETE);
      while (Files.exists(file)) {
        if (System.nanoTime() - start > pauseMax.toNanos()) {
          throw new FailPointException(point, "paused for " + pauseMax + ", nobody took it back");
        }
        WatchKey key = watch.poll(LOOK_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        if (key != null) {
          key.pollEvents();
          key.reset();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailPointException(point, "interrupted in a pause", e);
    }
    log.warn("fail point {}: goes on", point.id());
  }
}
