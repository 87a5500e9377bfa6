package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.storage.cache.LocalBlob;
import dev.assetmanagerd.storage.place.PlacementSource;
import io.grpc.Deadline;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The files of several assets and what lies beside them, fetched side by side and held until this
 * is closed.
 */
final class FetchedFiles implements AutoCloseable {
  /** Each fetch keeps to its time by itself; this is for what it may need to say so. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final List<CompletableFuture<LocalBlob>> files;
  private final List<CompletableFuture<Optional<PlacementSource>>> companions;

  private FetchedFiles(
      List<CompletableFuture<LocalBlob>> files,
      List<CompletableFuture<Optional<PlacementSource>>> companions) {
    this.files = files;
    this.companions = companions;
  }

  /**
   * Waits until all are here, or one cannot be had: then none is held.
   *
   * @param deadline of the whole; a fetch that begins late, for want of threads, has what is left
   * @param executor may run a task on the thread that gives it the task
   */
  static FetchedFiles hold(
      AssetFiles source,
      RootfsCompanion companions,
      List<Asset> assets,
      Deadline deadline,
      Executor executor)
      throws IOException {
    FetchedFiles fetched =
        new FetchedFiles(
            each(assets, asset -> source.hold(asset, remaining(deadline)), executor),
            each(assets, companions::of, executor));
    boolean done = false;
    try {
      fetched.await(remaining(deadline).plus(GRACE));
      done = true;
      return fetched;
    } finally {
      if (!done) {
        fetched.close();
      }
    }
  }

  private static <T> List<CompletableFuture<T>> each(
      List<Asset> assets, Fetch<T> fetch, Executor executor) {
    List<CompletableFuture<T>> started = new ArrayList<>();
    for (Asset asset : assets) {
      started.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return fetch.of(asset);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              },
              executor));
    }
    return started;
  }

  private static Duration remaining(Deadline deadline) {
    return Duration.ofNanos(Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS)));
  }

  private void await(Duration bound) throws IOException {
    List<CompletableFuture<?>> parts = new ArrayList<>(files);
    parts.addAll(companions);
    CompletableFuture<Void> all = CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new));
    for (CompletableFuture<?> part : parts) {
      // The first failure ends the wait; the others may take their time.
      var unused =
          part.whenComplete(
              (had, failure) -> {
                if (failure != null) {
                  all.completeExceptionally(failure);
                }
              });
    }
    try {
      all.get(bound.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw ApiErrors.of(e);
    } catch (TimeoutException e) {
      throw ApiErrors.deadlineExceeded("the bytes of the assets were not here in time");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for bytes");
    }
  }

  /** The file of the asset with this number. */
  Path path(int number) {
    return files.get(number).join().path();
  }

  /** The metadata beside the file of the asset with this number. */
  Optional<PlacementSource> companion(int number) {
    return companions.get(number).join();
  }

  /** Lets go of all files, those that are still on the way when they come. */
  @Override
  public void close() {
    for (CompletableFuture<LocalBlob> file : files) {
      var unused = file.thenAccept(LocalBlob::close);
    }
  }

  private interface Fetch<T> {
    T of(Asset asset) throws IOException;
  }
}
