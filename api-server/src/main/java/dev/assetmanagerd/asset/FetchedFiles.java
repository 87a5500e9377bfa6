package dev.assetmanagerd.asset;

import dev.assetmanagerd.api.v1.Asset;
import dev.assetmanagerd.storage.cache.LocalBlob;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The files of several assets, fetched side by side and held until this is closed. */
final class FetchedFiles implements AutoCloseable {
  /** Each fetch keeps to its time by itself; this is for what it may need to say so. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final List<CompletableFuture<LocalBlob>> files;

  private FetchedFiles(List<CompletableFuture<LocalBlob>> files) {
    this.files = files;
  }

  /**
   * Waits until all are here, or one cannot be had: then none is held.
   *
   * @param executor may run a task on the thread that gives it the task
   */
  static FetchedFiles hold(
      AssetFiles source, List<Asset> assets, Duration timeout, Executor executor)
      throws IOException {
    List<CompletableFuture<LocalBlob>> files = new ArrayList<>();
    for (Asset asset : assets) {
      files.add(CompletableFuture.supplyAsync(() -> hold(source, asset, timeout), executor));
    }
    FetchedFiles fetched = new FetchedFiles(files);
    boolean done = false;
    try {
      fetched.await(timeout.plus(GRACE));
      done = true;
      return fetched;
    } finally {
      if (!done) {
        fetched.close();
      }
    }
  }

  private static LocalBlob hold(AssetFiles source, Asset asset, Duration timeout) {
    try {
      return source.hold(asset, timeout);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void await(Duration bound) throws IOException {
    CompletableFuture<Void> all = CompletableFuture.allOf(files.toArray(CompletableFuture[]::new));
    for (CompletableFuture<LocalBlob> file : files) {
      // The first failure ends the wait; the others may take their time.
      var unused =
          file.whenComplete(
              (held, failure) -> {
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

  /** Lets go of all files, those that are still on the way when they come. */
  @Override
  public void close() {
    for (CompletableFuture<LocalBlob> file : files) {
      var unused = file.thenAccept(LocalBlob::close);
    }
  }
}
