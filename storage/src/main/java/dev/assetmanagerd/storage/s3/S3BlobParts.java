package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Parts of uploads as objects {@code .uploads/UPLOAD/PART}. */
final class S3BlobParts implements BlobParts {
  private static final int DELETED_AT_A_TIME = 16;

  private final S3Calls calls;
  private final S3Objects objects;
  private final S3Keys keys;
  private final S3Upload uploads;

  S3BlobParts(S3Calls calls, S3Objects objects, S3Keys keys, S3Upload uploads) {
    this.calls = calls;
    this.objects = objects;
    this.keys = keys;
    this.uploads = uploads;
  }

  @Override
  public void putPart(String uploadId, String partId, Path staged, Sha256 digest, long sizeBytes)
      throws IOException {
    try {
      String key = keys.partKey(uploadId, partId);
      StagedFiles.requireWhole(staged, sizeBytes);
      if (objects.headInBucket(key).isPresent()) {
        throw new FileAlreadyExistsException(key);
      }
      uploads.put(key, new S3Upload.Source(staged, digest, sizeBytes));
    } finally {
      StagedFiles.discard(staged);
    }
  }

  @Override
  public ReadableByteChannel openPart(String uploadId, String partId) throws IOException {
    return S3ObjectChannel.open(calls, keys.partKey(uploadId, partId), 0, -1);
  }

  @Override
  public void deleteParts(String uploadId) throws IOException {
    List<String> some;
    try (Stream<S3Object> all = S3Listing.of(calls, keys.uploadKeys(uploadId), "")) {
      Iterator<S3Object> parts = all.iterator();
      while (parts.hasNext()) {
        some = new ArrayList<>();
        while (parts.hasNext() && some.size() < DELETED_AT_A_TIME) {
          some.add(parts.next().key());
        }
        objects.deleteAll(some);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  @Override
  @SuppressWarnings("StreamResourceLeak") // the caller closes it
  public Stream<Upload> listUploads() throws IOException {
    Stream<S3Object> parts = S3Listing.of(calls, keys.key(S3Keys.UPLOADS), "");
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(
            new Grouping(parts.iterator()), Spliterator.ORDERED | Spliterator.NONNULL),
        false);
  }

  /** Parts of one upload follow each other. */
  private final class Grouping implements Iterator<Upload> {
    private final Iterator<S3Object> parts;
    private @Nullable Upload pending;

    Grouping(Iterator<S3Object> parts) {
      this.parts = parts;
    }

    @Override
    public boolean hasNext() {
      while (pending == null && parts.hasNext()) {
        pending = upload(parts.next()).orElse(null);
      }
      return pending != null;
    }

    @Override
    public Upload next() {
      if (!hasNext() || pending == null) {
        throw new NoSuchElementException();
      }
      Upload current = pending;
      pending = null;
      while (pending == null && parts.hasNext()) {
        Upload other = upload(parts.next()).orElse(current);
        if (!other.uploadId().equals(current.uploadId())) {
          pending = other;
        } else if (other.lastModified().isAfter(current.lastModified())) {
          current = other;
        }
      }
      return current;
    }
  }

  private Optional<Upload> upload(S3Object part) {
    Instant time = part.lastModified();
    return keys.uploadOf(part.key())
        .map(
            id ->
                new Upload(
                    id, (time == null ? Instant.EPOCH : time).truncatedTo(ChronoUnit.SECONDS)));
  }
}
