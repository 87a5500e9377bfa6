package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.s3server.S3Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A bucket of its own, as the SDK sees it past the store under test.
 *
 * <p>All use one client that stays open: the SDK's clients share their threads, and the last one to
 * be closed waits two seconds for them.
 */
final class RawBucket {
  private final S3AsyncClient client;
  private final String name;

  private RawBucket(S3AsyncClient client, String name) {
    this.client = client;
    this.name = name;
  }

  private static final class Shared {
    static final S3AsyncClient CLIENT = client(S3Server.shared().endpoint());
  }

  private static S3AsyncClient client(URI endpoint) {
    return S3AsyncClient.builder()
        .endpointOverride(endpoint)
        .forcePathStyle(true)
        .region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("k", "s")))
        .build();
  }

  static RawBucket create() {
    try {
      return new RawBucket(Shared.CLIENT, S3Server.shared().newBucket());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String name() {
    return name;
  }

  void put(String key, String content) {
    client.putObject(r -> r.bucket(name).key(key), AsyncRequestBody.fromString(content)).join();
  }

  void putBytes(String key, byte[] content) {
    client.putObject(r -> r.bucket(name).key(key), AsyncRequestBody.fromBytes(content)).join();
  }

  /** Puts it with a digest that the store keeps. */
  void putDigested(String key, byte[] content) {
    client
        .putObject(
            r -> r.bucket(name).key(key).checksumAlgorithm(ChecksumAlgorithm.SHA256),
            AsyncRequestBody.fromBytes(content))
        .join();
  }

  /** Puts something at each of these. */
  void putAll(List<String> keys) {
    keys.stream()
        .map(
            key -> client.putObject(r -> r.bucket(name).key(key), AsyncRequestBody.fromString("x")))
        .toList()
        .forEach(CompletableFuture::join);
  }

  List<String> keys() {
    return client.listObjectsV2(r -> r.bucket(name)).join().contents().stream()
        .map(S3Object::key)
        .toList();
  }

  List<String> unfinishedUploads() {
    return client.listMultipartUploads(r -> r.bucket(name)).join().uploads().stream()
        .map(MultipartUpload::key)
        .toList();
  }

  String beginUpload(String key) {
    return client.createMultipartUpload(r -> r.bucket(name).key(key)).join().uploadId();
  }

  /** It has to be empty. */
  void delete() {
    client.deleteBucket(r -> r.bucket(name)).join();
  }
}
