package dev.assetmanagerd.config;

import static dev.assetmanagerd.config.OptionTypes.BOOL;
import static dev.assetmanagerd.config.OptionTypes.BYTES;
import static dev.assetmanagerd.config.OptionTypes.PATH;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The part of the table of options about where bytes are, but for {@link S3Options}. */
final class StorageOptions {
  static final Option<StorageKind> STORAGE_BACKEND =
      Option.of(
              "STORAGE_BACKEND",
              OptionTypes.choice(StorageKind.class),
              "local",
              "Where blobs are kept: a directory that all nodes share and that files are used from"
                  + " (`local`), an NFS mount (`nfs`), or an object store (`s3`).")
          .alias("STORAGE_TYPE");
  static final Option<Path> LOCAL_STORAGE_PATH =
      Option.of(
              "LOCAL_STORAGE_PATH",
              PATH,
              "/opt/vm-assets",
              "Root of the blobs with STORAGE_BACKEND=local.")
          .alias("LOCAL_PATH");
  static final Option<Path> NFS_PATH =
      Option.of(
          "NFS_PATH", PATH, null, "Root of the blobs with STORAGE_BACKEND=nfs, which needs it.");
  static final Option<Boolean> NFS_REQUIRE_MOUNT =
      Option.of(
          "NFS_REQUIRE_MOUNT",
          BOOL,
          "true",
          "Whether NFS_PATH has to be on an NFS mount. An empty directory where the mount is missing"
              + " would look like a store without blobs.");
  static final Option<Duration> STORAGE_TIMEOUT =
      Option.of(
          "STORAGE_TIMEOUT",
          Durations.POSITIVE,
          "30s",
          "How long one step of reading or writing may take before the store counts as"
              + " unavailable.");
  static final Option<Integer> STORAGE_THREADS =
      Option.of(
          "STORAGE_THREADS",
          OptionTypes.integer("number", 4, 1024),
          "64",
          "Such steps at a time; when a mount hangs, no more threads than these hang with it.");
  static final Option<Path> DATABASE_PATH =
      Option.of(
          "DATABASE_PATH",
          PATH,
          "/opt/assetmanagerd/assets.db",
          "Database of the single-node daemon. Only its directory matters, for DATA_DIR.");
  static final Option<Path> CACHE_DIR =
      Option.of(
          "CACHE_DIR",
          PATH,
          "/opt/assetmanagerd/cache",
          "Files of blobs that are not on this host: from NFS, S3 and HTTP. On the file system of"
              + " the VM directories they can be linked instead of copied.");
  static final Option<Long> MAX_CACHE_SIZE =
      Option.of("MAX_CACHE_SIZE", BYTES, "107374182400", "Size of these files in all, in bytes.");
  static final Option<Boolean> CACHE_PEERS =
      Option.of(
          "CACHE_PEERS",
          BOOL,
          "true",
          "Whether the other nodes are asked for a blob before the store is.");
  static final Option<Integer> DOWNLOAD_CONCURRENCY =
      Option.of(
          "DOWNLOAD_CONCURRENCY",
          OptionTypes.integer("number", 1, 64),
          "4",
          "Blobs that are fetched at a time, at most 64.");
  static final Option<Duration> DOWNLOAD_TIMEOUT =
      Option.of("DOWNLOAD_TIMEOUT", Durations.POSITIVE, "30m", "How long fetching one may take.");
  static final Option<Long> MAX_ASSET_SIZE =
      Option.of("MAX_ASSET_SIZE", BYTES, "10737418240", "Largest asset taken, in bytes.");
  static final Option<Duration> UPLOAD_TTL =
      Option.of(
          "UPLOAD_TTL",
          Durations.WHOLE_SECONDS,
          "24h",
          "How long an upload that can be resumed is kept without another byte.");
  static final Option<Long> UPLOAD_PART_SIZE =
      Option.of(
          "UPLOAD_PART_SIZE",
          OptionTypes.number("bytes", 64 << 10, 1 << 30),
          "16777216",
          "Bytes of such an upload that are made safe at a time.");
  static final Option<Optional<String>> DEFAULT_KERNEL =
      Option.of(
          "DEFAULT_KERNEL",
          OptionTypes.LOCATION_OR_NONE,
          "vmlinux",
          "Location in the store of a kernel that the leader registers where none is registered;"
              + " `none` for no such kernel.");
  static final Option<List<String>> HTTP_SOURCE_HOSTS =
      Option.of(
          "HTTP_SOURCE_HOSTS",
          OptionTypes.HOST_PATTERNS,
          "none",
          "Hosts whose files may be registered as assets by their URL, separated by commas;"
              + " `*.example.com` for all below that name, `:8443` behind it for another port than"
              + " the usual one, `:*` for any; `none`: no host.");
  static final Option<Boolean> HTTP_SOURCE_ALLOW_PRIVATE =
      Option.of(
          "HTTP_SOURCE_ALLOW_PRIVATE",
          BOOL,
          "false",
          "Whether such a host may have a private or loopback address; link-local ones, where"
              + " clouds keep their credentials, are never connected to.");
  static final Option<Boolean> HTTP_SOURCE_ALLOW_PLAIN =
      Option.of(
          "HTTP_SOURCE_ALLOW_PLAIN", BOOL, "false", "Whether `http:` is taken beside `https:`.");
  static final Option<Long> SCRUB_RATE =
      Option.of(
          "SCRUB_RATE",
          OptionTypes.number("bytes per second", 0, Long.MAX_VALUE),
          "16777216",
          "How fast stored bytes are read again to check them; 0: never.");
  static final Option<Duration> SCRUB_INTERVAL =
      Option.of(
          "SCRUB_INTERVAL",
          Durations.POSITIVE,
          "168h",
          "From the beginning of one check of everything to the next.");

  static final List<Option<?>> ALL =
      List.of(
          STORAGE_BACKEND,
          LOCAL_STORAGE_PATH,
          NFS_PATH,
          NFS_REQUIRE_MOUNT,
          STORAGE_TIMEOUT,
          STORAGE_THREADS,
          DATABASE_PATH,
          CACHE_DIR,
          MAX_CACHE_SIZE,
          CACHE_PEERS,
          DOWNLOAD_CONCURRENCY,
          DOWNLOAD_TIMEOUT,
          MAX_ASSET_SIZE,
          UPLOAD_TTL,
          UPLOAD_PART_SIZE,
          DEFAULT_KERNEL,
          HTTP_SOURCE_HOSTS,
          HTTP_SOURCE_ALLOW_PRIVATE,
          HTTP_SOURCE_ALLOW_PLAIN,
          SCRUB_RATE,
          SCRUB_INTERVAL);

  private StorageOptions() {}
}
