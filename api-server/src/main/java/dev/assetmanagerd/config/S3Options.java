package dev.assetmanagerd.config;

import static dev.assetmanagerd.config.OptionTypes.BOOL;
import static dev.assetmanagerd.config.OptionTypes.PATH;
import static dev.assetmanagerd.config.OptionTypes.TEXT;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/** The part of the table of options about the object store. */
final class S3Options {
  static final Option<String> S3_BUCKET =
      Option.of(
          "S3_BUCKET", TEXT, null, "Bucket of the blobs with STORAGE_BACKEND=s3, which needs it.");
  static final Option<String> S3_PREFIX =
      Option.of(
          "S3_PREFIX",
          OptionTypes.KEY_PREFIX,
          "none",
          "What all keys in the bucket begin with, such as `vm/assets`; `none`: nothing.");
  static final Option<String> S3_REGION =
      Option.of("S3_REGION", TEXT, "us-east-1", "Region of the bucket.");
  static final Option<URI> S3_ENDPOINT =
      Option.of(
          "S3_ENDPOINT",
          OptionTypes.URL,
          null,
          "An S3-compatible server. Not set: the provider's own for the region.");
  static final Option<PathStyle> S3_PATH_STYLE =
      Option.of(
          "S3_PATH_STYLE",
          OptionTypes.choice(PathStyle.class),
          "auto",
          "Whether the bucket is in the path of requests, not in the host name; `auto`: where"
              + " S3_ENDPOINT is set.");
  static final Option<Secret> S3_ACCESS_KEY_ID =
      Option.of(
              "S3_ACCESS_KEY_ID",
              OptionTypes.SECRET,
              null,
              "Key to the bucket. Neither this nor its file set: the usual places of the AWS SDK.")
          .secret();
  static final Option<Secret> S3_SECRET_ACCESS_KEY =
      Option.of("S3_SECRET_ACCESS_KEY", OptionTypes.SECRET, null, "Secret of that key.").secret();
  static final Option<Path> S3_ACCESS_KEY_ID_FILE =
      Option.of("S3_ACCESS_KEY_ID_FILE", PATH, null, "File with the key, instead.");
  static final Option<Path> S3_SECRET_ACCESS_KEY_FILE =
      Option.of("S3_SECRET_ACCESS_KEY_FILE", PATH, null, "File with its secret, instead.");
  static final Option<S3Checksums> S3_CHECKSUMS =
      Option.of(
          "S3_CHECKSUMS",
          OptionTypes.choice(S3Checksums.class),
          "when_supported",
          "Whether requests carry checksums wherever they can; `when_required` for older servers"
              + " that do not know them.");
  static final Option<Boolean> S3_CHUNKED_ENCODING =
      Option.of(
          "S3_CHUNKED_ENCODING",
          BOOL,
          "true",
          "Whether bodies are signed in chunks; `false` for servers that do not know that.");
  static final Option<Long> S3_PART_SIZE =
      Option.of(
          "S3_PART_SIZE",
          OptionTypes.number("bytes", 5 << 20, 1 << 30),
          "16777216",
          "Size of the parts that larger blobs are stored and fetched in, in bytes.");

  static final List<Option<?>> ALL =
      List.of(
          S3_BUCKET,
          S3_PREFIX,
          S3_REGION,
          S3_ENDPOINT,
          S3_PATH_STYLE,
          S3_ACCESS_KEY_ID,
          S3_SECRET_ACCESS_KEY,
          S3_ACCESS_KEY_ID_FILE,
          S3_SECRET_ACCESS_KEY_FILE,
          S3_CHECKSUMS,
          S3_CHUNKED_ENCODING,
          S3_PART_SIZE);

  private S3Options() {}
}
