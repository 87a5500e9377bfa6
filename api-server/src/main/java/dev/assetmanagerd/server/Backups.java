package dev.assetmanagerd.server;

import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.backup.BackupManifest;
import dev.assetmanagerd.backup.BackupModule;
import dev.assetmanagerd.backup.BackupOptions;
import dev.assetmanagerd.backup.BackupPlace;
import dev.assetmanagerd.backup.BackupReader;
import dev.assetmanagerd.backup.BadBackupException;
import dev.assetmanagerd.backup.BlobCheck;
import dev.assetmanagerd.backup.DirectoryPlace;
import dev.assetmanagerd.backup.S3Place;
import dev.assetmanagerd.backup.UnpackedBackup;
import dev.assetmanagerd.cli.BackupFiles;
import dev.assetmanagerd.cli.BadFileException;
import dev.assetmanagerd.cli.CliCommands;
import dev.assetmanagerd.config.BackupLocation;
import dev.assetmanagerd.config.ConfigurationException;
import dev.assetmanagerd.config.NodeConfig;
import dev.assetmanagerd.config.ProcessEnvironment;
import dev.assetmanagerd.process.ProgramVersion;
import dev.assetmanagerd.raft.RaftNode;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.Hashing;
import dev.assetmanagerd.storage.bounded.BoundedSteps;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** From the configuration to backups: on a node, and where there is none. */
final class Backups {
  private static final Logger log = LoggerFactory.getLogger(Backups.class);
  private static final String LOCATION = "UNKEY_ASSETMANAGERD_BACKUP_LOCATION";

  /** Enough for a backup, its verification, and looking after the others at once. */
  private static final int PLACE_THREADS = 4;

  private Backups() {}

  /** The part of a node that looks after backups; closed with the other parts. */
  static BackupModule open(NodeConfig config, RaftNode raft, BlobReader blobs, Closing parts)
      throws StartException {
    Optional<BackupPlace> place = openPlace(config);
    place.ifPresent(parts::add);
    NodeConfig.Cluster cluster = config.cluster();
    try {
      return parts.add(
          new BackupModule(
              new BackupOptions(
                  cluster.clusterId(),
                  raft.lineage(),
                  ProgramVersion.text(),
                  cluster.dataDirectory().resolve("backup"),
                  config.backups().interval(),
                  config.backups().keep()),
              place,
              raft,
              raft::copyRegistry,
              blobs,
              backend(config),
              Clock.systemUTC(),
              System::nanoTime));
    } catch (IOException e) {
      throw new StartException("cannot remove what backups have left: " + e, e);
    }
  }

  static StorageBackend backend(NodeConfig config) {
    return NodeParts.assetOptions(config).backend();
  }

  /**
   * Where the cluster keeps backups; empty for nowhere. The caller closes it.
   *
   * @throws StartException naming the variable, when it is no such place
   */
  static Optional<BackupPlace> openPlace(NodeConfig config) throws StartException {
    Optional<BackupLocation> where = config.backups().location();
    if (where.isEmpty()) {
      return Optional.empty();
    }
    BackupPlace place = place(config, where.get());
    try {
      check(place, where.get());
    } catch (StartException e) {
      place.close();
      throw e;
    }
    return Optional.of(place);
  }

  /**
   * A place that cannot be the right one is a mistake that somebody should hear of now, and not
   * when a backup is needed. One that does not answer is none: the cluster can do without it for a
   * while, and must be able to start without it.
   */
  private static void check(BackupPlace place, BackupLocation where) throws StartException {
    try {
      place.check();
    } catch (IOException e) {
      String problem = "%s (%s): %s".formatted(LOCATION, where, reason(e));
      if (!place.isSilence(e)) {
        throw new StartException(problem, e);
      }
      log.error("{}; NO BACKUPS CAN BE MADE until it answers", problem);
    }
  }

  private static String reason(IOException e) {
    return e instanceof NotDirectoryException
        ? "there is no such directory"
        : String.valueOf(e.getMessage());
  }

  private static BackupPlace place(NodeConfig config, BackupLocation where) {
    return where
        .directory()
        .<BackupPlace>map(
            directory ->
                new DirectoryPlace(
                    directory,
                    new BoundedSteps(
                        "backup directory " + directory,
                        PLACE_THREADS,
                        config.storage().timeout(),
                        System::nanoTime)))
        .orElseGet(
            () ->
                new S3Place(BlobStores.options(config, where.bucket().orElseThrow(), where.key())));
  }

  /** Adds the commands, those that need no node included. */
  static void addCommandsTo(CommandLine root) {
    CliCommands.addBackupsTo(root, Backups::readFile)
        .addSubcommand("restore", new BackupRestoreCommand());
  }

  /** Reads a file, or a URL, for the command line. */
  static BackupFiles.Contents readFile(String location, boolean checkBlobs) throws IOException {
    Path work = Files.createTempDirectory("assetmanagerd-backup");
    MessageDigest digest = Hashing.newSha256();
    try (InputStream in = openAnywhere(location);
        CountedInput counted = new CountedInput(new DigestInputStream(in, digest))) {
      UnpackedBackup found = BackupReader.read(counted, work);
      String sha256 = Hashing.finish(digest).hex();
      BlobCheck blobs = checkBlobs ? checkBlobs(found) : new BlobCheck(0, 0, List.of());
      return contents(found.manifest(), counted.count, sha256, blobs);
    } catch (BadBackupException e) {
      throw new BadFileException(location + ": " + e.getMessage(), e);
    } finally {
      delete(work);
    }
  }

  private static BackupFiles.Contents contents(
      BackupManifest manifest, long sizeBytes, String sha256, BlobCheck blobs) {
    return new BackupFiles.Contents(
        manifest.id(),
        manifest.clusterId(),
        manifest.createdAt().toString(),
        manifest.programVersion(),
        manifest.formatLevel(),
        manifest.position().term(),
        manifest.position().index(),
        manifest.stateHash(),
        sizeBytes,
        sha256,
        manifest.counts().assets(),
        manifest.counts().leases(),
        manifest.blobCount(),
        blobs.checked(),
        blobs.missing(),
        blobs.locations());
  }

  private static BlobCheck checkBlobs(UnpackedBackup found) throws IOException {
    return checkBlobs(configured(), found);
  }

  /** Looks for the blobs of a backup in the store that a node is configured with. */
  static BlobCheck checkBlobs(NodeConfig config, UnpackedBackup found) throws IOException {
    try (OpenedStore store = BlobStores.open(config)) {
      return BlobCheck.of(found, store.blobs(), backend(config));
    } catch (StartException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static InputStream openAnywhere(String location) throws IOException {
    return BackupLocation.isLocation(location)
        ? open(configured(), location)
        : Files.newInputStream(Path.of(location));
  }

  /** Opens a backup by its path or URL. */
  static InputStream open(NodeConfig config, String location) throws IOException {
    if (!BackupLocation.isLocation(location)) {
      return Files.newInputStream(Path.of(location));
    }
    BackupLocation where;
    try {
      where = BackupLocation.parse(location);
    } catch (IllegalArgumentException e) {
      throw new IOException(location + " is neither a path nor a URL of a backup", e);
    }
    if (where.directory().isPresent()) {
      return Files.newInputStream(where.directory().get());
    }
    int slash = where.key().lastIndexOf('/');
    if (slash < 0) {
      throw new IOException(location + " has no prefix: backups are at s3://BUCKET/PREFIX/NAME");
    }
    BackupPlace place =
        new S3Place(
            BlobStores.options(
                config, where.bucket().orElseThrow(), where.key().substring(0, slash)));
    return new FilterInputStream(place.open(location)) {
      @Override
      public void close() throws IOException {
        try (place) {
          super.close();
        }
      }
    };
  }

  private static NodeConfig configured() throws IOException {
    try {
      return NodeConfig.read(ProcessEnvironment.variables());
    } catch (ConfigurationException e) {
      throw new IOException(
          "the node's environment variables are needed for this: "
              + String.join("; ", e.problems()),
          e);
    }
  }

  private static void delete(Path root) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(root)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) {
      Files.deleteIfExists(file);
    }
  }

  /** Counts what is read. */
  private static final class CountedInput extends FilterInputStream {
    private long count;

    CountedInput(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = in.read();
      count += b < 0 ? 0 : 1;
      return b;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int n = in.read(bytes, offset, length);
      count += Math.max(0, n);
      return n;
    }
  }
}
