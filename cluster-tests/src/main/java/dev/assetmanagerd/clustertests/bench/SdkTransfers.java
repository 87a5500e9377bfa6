package dev.assetmanagerd.clustertests.bench;

import java.nio.file.Path;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.transfer.s3.S3TransferManager;

/** The transfer manager of the AWS SDK. */
final class SdkTransfers implements S3Contender, AutoCloseable {
  private static final String KEY = "of-the-sdk";

  private final String name;
  private final S3AsyncClient client;
  private final S3TransferManager manager;
  private final String bucket;

  SdkTransfers(String name, S3AsyncClient client, String bucket) {
    this.name = name;
    this.client = client;
    this.manager = S3TransferManager.builder().s3Client(client).build();
    this.bucket = bucket;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void upload(Path file) {
    manager
        .uploadFile(
            upload -> upload.source(file).putObjectRequest(put -> put.bucket(bucket).key(KEY)))
        .completionFuture()
        .join();
  }

  @Override
  public void download(Path target) {
    manager
        .downloadFile(
            download ->
                download.destination(target).getObjectRequest(get -> get.bucket(bucket).key(KEY)))
        .completionFuture()
        .join();
  }

  @Override
  public void delete() {
    client.deleteObject(delete -> delete.bucket(bucket).key(KEY)).join();
  }

  @Override
  public void close() {
    manager.close();
    client.close();
  }
}
