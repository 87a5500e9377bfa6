package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.BlobCompanion;
import dev.assetmanagerd.storage.blob.BlobParts;
import dev.assetmanagerd.storage.blob.BlobStat;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.blob.DirectUploads;
import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.blob.StagingArea;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.stream.Stream;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * Blobs as objects in a bucket, where all nodes see the same one.
 *
 * <p>A blob of ours is the object {@code ab/abcd…}, or {@code ab/abcd….2} and so on, under the
 * prefix; S3 makes an object visible whole or not at all. Other objects under the prefix can be
 * read, and deleted, by their key without the prefix, or as {@code s3://bucket/prefix/key}. Nothing
 * outside the prefix can be reached.
 *
 * <p>Every call ends within a time, with a typed error where it has to: an absent blob is a {@link
 * NoSuchFileException}, an absent or denied bucket and a server that does not answer are a {@link
 * BlobStoreUnavailableException}. Requests are repeated a few times, after random pauses. Bytes
 * that are read are those of the server and of the line; who needs to be sure digests them.
 *
 * <p>Thread-safe. Close it when nobody uses it any more.
 */
public final class S3BlobStore implements BlobStore, AutoCloseable {
  /** Below this age what was left may belong to an upload that is merely slow. */
  private static final Duration MIN_LEFTOVER_AGE = Duration.ofHours(1);

  /** What the SDK needs closed, in this order. */
  private record Resources(
      S3AsyncClient client,
      SdkAsyncHttpClient http,
      S3Presigner presigner,
      AwsCredentialsProvider credentials)
      implements AutoCloseable {
    @Override
    public void close() {
      client.close();
      http.close();
      presigner.close();
      if (credentials instanceof SdkAutoCloseable closeable) {
        closeable.close();
      }
    }
  }

  private final Resources resources;
  private final S3Calls calls;
  private final S3Objects objects;
  private final S3Keys keys;
  private final S3Upload uploads;
  private final StagingArea staging;
  private final boolean attesting;
  private final S3BlobParts parts;
  private final S3DirectUploads direct;

  private S3BlobStore(
      Resources resources,
      S3Calls calls,
      S3Objects objects,
      S3Keys keys,
      StagingArea staging,
      S3Probe.Findings findings) {
    this.resources = resources;
    this.calls = calls;
    this.objects = objects;
    this.keys = keys;
    this.staging = staging;
    // One that checks MD5 alone may keep whatever a client says is the SHA-256.
    this.attesting =
        findings.checking() && calls.options().checksums() == S3Checksums.WHEN_SUPPORTED;
    this.uploads = new S3Upload(calls, objects, findings.conditional());
    this.parts = new S3BlobParts(calls, objects, keys, uploads);
    this.direct = new S3DirectUploads(calls, objects, keys, resources.presigner(), attesting);
  }

  /**
   * Opens the store: tries the bucket with a real object, and deletes the files that uploads of
   * this node have left in the spool directory.
   *
   * @throws BlobStoreUnavailableException when the bucket or the directory cannot be used
   */
  public static S3BlobStore open(S3Options options) throws BlobStoreUnavailableException {
    StagingArea staging = openSpool(options);
    AwsCredentialsProvider credentials = S3Clients.credentials(options.credentials());
    SdkAsyncHttpClient http = S3Clients.http(options);
    Resources resources =
        new Resources(
            S3Clients.client(options, credentials, http),
            http,
            S3Clients.presigner(options, credentials),
            credentials);
    try {
      S3Calls calls = new S3Calls(resources.client(), options);
      S3Objects objects = new S3Objects(calls);
      S3Keys keys = new S3Keys(options.bucket(), options.prefix());
      S3Probe.Findings findings = new S3Probe(calls, objects, keys).run();
      return new S3BlobStore(resources, calls, objects, keys, staging, findings);
    } catch (BlobStoreUnavailableException e) {
      resources.close();
      throw e;
    } catch (IOException e) {
      resources.close();
      throw new BlobStoreUnavailableException(
          options.storeName(), String.valueOf(e.getMessage()), e);
    }
  }

  /** Parts of uploads, in objects that no location leads to. */
  public BlobParts parts() {
    return parts;
  }

  /** Uploads past the node. */
  public DirectUploads directUploads() {
    return direct;
  }

  @Override
  public Path stagingDirectory() {
    return staging.directory();
  }

  @Override
  public Optional<BlobStat> stat(String location) throws IOException {
    String relative = keys.location(location);
    return objects.head(keys.key(relative)).map(head -> head.stat(relative, attesting));
  }

  @Override
  public ReadableByteChannel open(String location, long offset) throws IOException {
    return openRange(location, offset, -1);
  }

  @Override
  public ReadableByteChannel open(String location, long offset, long length) throws IOException {
    if (length < 0) {
      throw new IllegalArgumentException("length " + length);
    }
    return openRange(location, offset, length);
  }

  /** Always empty: an object is no file. */
  @Override
  public Optional<Path> localFile(String location) throws IOException {
    if (stat(location).isEmpty()) {
      throw new NoSuchFileException(keys.location(location));
    }
    return Optional.empty();
  }

  @Override
  public void put(Path staged, String location, Sha256 digest, long sizeBytes) throws IOException {
    try {
      if (!digest.isLocation(location)) {
        throw new InvalidLocationException(location, "is no location of digest " + digest);
      }
      StagedFiles.requireWhole(staged, sizeBytes);
      uploads.put(keys.key(location), new S3Upload.Source(staged, digest, sizeBytes));
    } finally {
      StagedFiles.discard(staged);
    }
  }

  @Override
  public boolean delete(String location) throws IOException {
    String relative = keys.location(location);
    if (BlobCompanion.isCompanion(relative)) {
      throw new InvalidLocationException(location, "is a companion, which goes with its blob");
    }
    boolean existed = objects.head(keys.key(relative)).isPresent();
    // The companion first, so that a delete that is cut short is found unfinished.
    objects.delete(keys.key(BlobCompanion.locationOf(relative)));
    objects.delete(keys.key(relative));
    return existed;
  }

  /** Of an object too large for the store to copy in one go, no copy can be kept. */
  @Override
  public boolean setAside(BlobStat wrong, boolean replaceable) throws IOException {
    String relative = keys.location(wrong.location());
    return new S3Quarantine(calls, objects, keys, S3Quarantine.MAX_COPIED_BYTES)
        .take(relative, wrong, replaceable);
  }

  /** Leaves out names that begin with a dot, as the store's own do: they sort before all others. */
  @Override
  public Stream<BlobStat> list() throws IOException {
    return S3Listing.of(calls, keys.key(""), keys.key("/"))
        .flatMap(object -> blob(object).stream());
  }

  @Override
  public Instant storeTime() throws IOException {
    return objects.serverTime();
  }

  @Override
  public int cleanUp(Duration olderThan) throws IOException {
    if (olderThan.compareTo(MIN_LEFTOVER_AGE) < 0) {
      throw new IllegalArgumentException(
          "what is younger than " + MIN_LEFTOVER_AGE + " may be in use, asked for " + olderThan);
    }
    return staging.deleteOlderThan(olderThan) + deleteLeftovers(olderThan);
  }

  /** Those in the bucket. */
  int deleteLeftovers(Duration olderThan) throws IOException {
    return new S3Leftovers(calls, objects, keys).delete(olderThan);
  }

  /** Ends all connections. Channels that are still open fail. */
  @Override
  public void close() {
    resources.close();
  }

  private ReadableByteChannel openRange(String location, long offset, long length)
      throws IOException {
    if (offset < 0) {
      throw new IllegalArgumentException("offset " + offset);
    }
    return S3ObjectChannel.open(calls, keys.key(keys.location(location)), offset, length);
  }

  private Optional<BlobStat> blob(S3Object object) {
    Instant time = object.lastModified();
    Long size = object.size();
    return keys.ofKey(object.key())
        .filter(Sha256::isLocationOfAny)
        .map(
            location ->
                new BlobStat(
                    location,
                    size == null ? 0 : size,
                    (time == null ? Instant.EPOCH : time).truncatedTo(ChronoUnit.SECONDS)));
  }

  private static StagingArea openSpool(S3Options options) throws BlobStoreUnavailableException {
    try {
      Files.createDirectories(options.spoolDirectory());
      StagingArea staging = StagingArea.at(options.spoolDirectory().toRealPath(), options.nodeId());
      staging.deleteOwn();
      return staging;
    } catch (IOException e) {
      throw new BlobStoreUnavailableException(
          "spool directory " + options.spoolDirectory(), e.toString(), e);
    }
  }
}
