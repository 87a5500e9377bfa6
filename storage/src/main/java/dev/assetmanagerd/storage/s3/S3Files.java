package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.Sha256;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * Files of one's own under plain names, as objects under a prefix. No blobs, and nothing that
 * listings of blobs show, as long as nobody gives blobs the same prefix.
 *
 * <p>Failures are those of {@link S3BlobStore}. Thread-safe; blocks. Close it when nobody uses it.
 */
public final class S3Files implements AutoCloseable {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,254}");

  private final AwsCredentialsProvider credentials;
  private final SdkAsyncHttpClient http;
  private final S3AsyncClient client;
  private final S3Calls calls;
  private final S3Objects objects;

  /**
   * Sets up the client; nothing is asked of the server yet.
   *
   * @param options its spool directory is not used
   */
  public S3Files(S3Options options) {
    this.credentials = S3Clients.credentials(options.credentials());
    this.http = S3Clients.http(options);
    this.client = S3Clients.client(options, credentials, http);
    this.calls = new S3Calls(client, options);
    this.objects = new S3Objects(calls);
  }

  /**
   * Makes sure that the bucket is there and may be used.
   *
   * @throws dev.assetmanagerd.storage.blob.BlobStoreUnavailableException when it is not
   */
  public void checkBucket() throws IOException {
    var unused = objects.headBucket();
  }

  /**
   * Whether a failure says that the server did not answer, or not now; else it has answered, and
   * will answer the same again: there is no such bucket, or it is not for us.
   */
  public static boolean isSilence(IOException failure) {
    return S3Errors.isSilence(failure);
  }

  /**
   * Puts a file that nobody writes to any more. Digested on the way; what the store then says that
   * it has is compared.
   *
   * @param name plain: letters, digits, dots, dashes, underscores
   */
  public void put(Path file, String name, Sha256 digest, long sizeBytes) throws IOException {
    new S3Upload(calls, objects, false)
        .put(key(name), new S3Upload.Source(file, digest, sizeBytes));
  }

  /**
   * Opens one for reading. The caller closes the channel.
   *
   * @throws java.nio.file.NoSuchFileException when there is none
   */
  public ReadableByteChannel open(String name) throws IOException {
    return S3ObjectChannel.open(calls, key(name), 0, -1);
  }

  /** Size of one; empty when there is none. */
  public OptionalLong size(String name) throws IOException {
    return objects
        .head(key(name))
        .map(head -> OptionalLong.of(head.sizeBytes()))
        .orElse(OptionalLong.empty());
  }

  /** Deletes one, if it is there. */
  public void delete(String name) throws IOException {
    objects.delete(key(name));
  }

  private String key(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("\"" + name + "\" is no plain name");
    }
    return calls.options().prefix() + name;
  }

  /** Ends all connections. Channels that are still open fail. */
  @Override
  public void close() {
    client.close();
    http.close();
    if (credentials instanceof SdkAutoCloseable closeable) {
      closeable.close();
    }
  }
}
