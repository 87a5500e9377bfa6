package dev.assetmanagerd.storage.s3;

/** Who the node is to the store. */
public sealed interface S3Credentials {
  /**
   * A key and its secret. Neither is ever printed.
   *
   * @param accessKeyId not empty
   * @param secretAccessKey not empty
   */
  record Key(String accessKeyId, String secretAccessKey) implements S3Credentials {
    @Override
    public String toString() {
      return "Key[…]";
    }
  }

  /**
   * What the AWS SDK finds by itself: environment, Java system properties, profile files, the
   * metadata services of containers and machines.
   */
  record DefaultChain() implements S3Credentials {}
}
