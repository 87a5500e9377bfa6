package dev.assetmanagerd.storage.bounded;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.file.IoSteps;
import dev.assetmanagerd.storage.file.StaleHandles.IoCall;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A store of files whose calls end in time also when its file system does not answer: with a {@link
 * StoreHangsException} that says what hangs. What a call has begun may be done all the same when
 * the file system is back.
 *
 * <p>One call is one step, but for reading a blob, listing, and {@linkplain #steps() spooling},
 * which take many. Thread-safe; blocks for I/O, no longer than twice the timeout per step: for a
 * thread and for the step.
 */
public final class BoundedBlobStore implements BlobStore {
  private final BlobStore store;
  private final BlobParts parts;
  private final BoundedSteps steps;

  /** By location: deletions that nobody waits for any longer, and that have not ended. */
  @GuardedBy("lateDeletions")
  private final Map<String, LateDeletion> lateDeletions = new HashMap<>();

  private static final class LateDeletion {
    private boolean begun;
    private boolean ended;
    private boolean abandoned;
  }

  /**
   * Puts it around a store.
   *
   * @param store of files
   * @param parts of uploads in the same directory
   * @param steps do all the work; the caller closes them
   */
  public BoundedBlobStore(BlobStore store, BlobParts parts, BoundedSteps steps) {
    this.store = store;
    this.parts = new BoundedBlobParts(parts, steps);
    this.steps = steps;
  }

  /** Parts of uploads, in the same way. */
  public BlobParts parts() {
    return parts;
  }

  @Override
  public Path stagingDirectory() {
    return store.stagingDirectory();
  }

  @Override
  public IoSteps steps() {
    return steps;
  }

  @Override
  public Optional<BlobStat> stat(String location) throws IOException {
    return steps.run("look at a blob", () -> store.stat(location));
  }

  @Override
  public ReadableByteChannel open(String location, long offset) throws IOException {
    return BoundedChannel.open(steps, at -> store.open(location, at), offset);
  }

  @Override
  public Optional<Path> localFile(String location) throws IOException {
    return steps.run("find a file", () -> store.localFile(location));
  }

  @Override
  public void dropCached(String location) throws IOException {
    var unused =
        steps.run(
            "have a file read from its disk",
            () -> {
              store.dropCached(location);
              return true;
            });
  }

  @Override
  public void put(Path staged, String location, Sha256 digest, long sizeBytes) throws IOException {
    StagedStep step = new StagedStep(steps, staged);
    step.run(
        "publish a blob",
        () -> {
          requireNoLateDeletion(location);
          store.put(staged, location, digest, sizeBytes);
        });
  }

  /**
   * Deletes the blob. A deletion that hung may happen later, when a blob has been put there again:
   * until it has ended, its location can be neither put to nor deleted on this node.
   */
  @Override
  public boolean delete(String location) throws IOException {
    return removing("delete a blob", location, () -> store.delete(location));
  }

  /** Takes its place as {@link #delete} does. */
  @Override
  public boolean setAside(BlobStat wrong, boolean replaceable) throws IOException {
    return removing("set a blob aside", wrong.location(), () -> store.setAside(wrong, replaceable));
  }

  private boolean removing(String what, String location, IoCall<Boolean> call) throws IOException {
    requireNoLateDeletion(location);
    LateDeletion deletion = new LateDeletion();
    try {
      return steps.run(
          what,
          () -> {
            begin(deletion);
            try {
              return call.run();
            } finally {
              ended(location, deletion);
            }
          });
    } catch (StoreHangsException | InterruptedIOException e) {
      late(location, deletion);
      throw e;
    }
  }

  private void begin(LateDeletion deletion) throws IOException {
    synchronized (lateDeletions) {
      if (deletion.abandoned) {
        throw new IOException("nobody waits for it any longer");
      }
      deletion.begun = true;
    }
  }

  private void late(String location, LateDeletion deletion) {
    synchronized (lateDeletions) {
      deletion.abandoned = true;
      if (deletion.begun && !deletion.ended) {
        lateDeletions.put(location, deletion);
      }
    }
  }

  private void ended(String location, LateDeletion deletion) {
    synchronized (lateDeletions) {
      deletion.ended = true;
      lateDeletions.remove(location, deletion);
    }
  }

  private void requireNoLateDeletion(String location) throws StoreHangsException {
    synchronized (lateDeletions) {
      if (lateDeletions.containsKey(location)) {
        throw steps.hangs("an earlier deletion of the same blob has not ended");
      }
    }
  }

  @Override
  public Stream<BlobStat> list() throws IOException {
    return BoundedListing.of(steps, store::list);
  }

  @Override
  public Instant storeTime() throws IOException {
    return steps.run("ask for the time", store::storeTime);
  }

  @Override
  public int cleanUp(Duration olderThan) throws IOException {
    return steps.run("delete leftovers", () -> store.cleanUp(olderThan));
  }
}
