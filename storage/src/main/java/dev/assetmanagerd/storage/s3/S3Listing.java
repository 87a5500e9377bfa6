package dev.assetmanagerd.storage.s3;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Goes through the objects under a prefix, one page at a time, in the order of their keys. */
final class S3Listing implements Iterator<S3Object> {
  private final S3Calls calls;
  private final ListObjectsV2Request first;
  private List<S3Object> page;
  private int next;
  private @Nullable String more;

  private S3Listing(S3Calls calls, ListObjectsV2Request first) throws IOException {
    this.calls = calls;
    this.first = first;
    ListObjectsV2Response answer = fetch(first);
    this.page = answer.contents();
    this.more = continuation(answer);
  }

  /**
   * Begins.
   *
   * @param after keys up to this one are left out; empty for none
   * @return lazy; errors on the way come as {@link UncheckedIOException}
   */
  static Stream<S3Object> of(S3Calls calls, String prefix, String after) throws IOException {
    ListObjectsV2Request.Builder request =
        ListObjectsV2Request.builder()
            .bucket(calls.options().bucket())
            .prefix(prefix)
            .overrideConfiguration(calls.within(0));
    if (!after.isEmpty()) {
      request.startAfter(after);
    }
    S3Listing listing = new S3Listing(calls, request.build());
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(listing, Spliterator.ORDERED | Spliterator.NONNULL),
        false);
  }

  @Override
  public boolean hasNext() {
    while (next == page.size() && more != null) {
      try {
        ListObjectsV2Response answer =
            fetch(first.toBuilder().startAfter(null).continuationToken(more).build());
        page = answer.contents();
        more = continuation(answer);
        next = 0;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return next < page.size();
  }

  @Override
  public S3Object next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return page.get(next++);
  }

  private ListObjectsV2Response fetch(ListObjectsV2Request request) throws IOException {
    try {
      return calls.await("listing " + first.prefix(), 0, calls.client().listObjectsV2(request));
    } catch (NoSuchFileException e) {
      throw calls.errors().noBucket(e); // nothing else could be missing
    }
  }

  private static @Nullable String continuation(ListObjectsV2Response answer) {
    return Boolean.TRUE.equals(answer.isTruncated()) ? answer.nextContinuationToken() : null;
  }
}
