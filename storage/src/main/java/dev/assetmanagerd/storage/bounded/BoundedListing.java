package dev.assetmanagerd.storage.bounded;

import dev.assetmanagerd.storage.file.IoSteps;
import dev.assetmanagerd.storage.file.StaleHandles.IoCall;
import dev.assetmanagerd.storage.file.StepGuard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A listing that is gone through in steps of some entries each. For one thread. */
final class BoundedListing<T> implements Iterator<T> {
  private static final int BATCH = 64;

  private final StepGuard guard;
  private final Iterator<T> source;
  private final Queue<T> batch = new ArrayDeque<>();
  private boolean ended;

  private BoundedListing(IoSteps steps, Stream<T> source) {
    this.guard = new StepGuard(steps, "close a listing", source::close);
    this.source = source.iterator();
  }

  static <T> Stream<T> of(IoSteps steps, IoCall<Stream<T>> opening) throws IOException {
    BoundedListing<T> listing =
        steps.run(
            "list",
            () -> new BoundedListing<>(steps, opening.run()),
            opened -> opened.guard.close());
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(listing, Spliterator.ORDERED | Spliterator.NONNULL),
            false)
        .onClose(listing.guard::close);
  }

  @Override
  public boolean hasNext() {
    if (batch.isEmpty() && !ended) {
      try {
        batch.addAll(guard.step("list", this::nextBatch));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      ended = batch.isEmpty();
    }
    return !batch.isEmpty();
  }

  @Override
  public T next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return batch.remove();
  }

  private List<T> nextBatch() throws IOException {
    List<T> next = new ArrayList<>(BATCH);
    try {
      while (next.size() < BATCH && source.hasNext()) {
        next.add(source.next());
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return next;
  }
}
