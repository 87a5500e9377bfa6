package dev.assetmanagerd.clustertests.chaos.run;

import dev.assetmanagerd.clustertests.ClusterOptions;
import dev.assetmanagerd.clustertests.WallClock;
import dev.assetmanagerd.clustertests.builderd.BuilderdStandIn;
import dev.assetmanagerd.clustertests.chaos.nemesis.Need;
import dev.assetmanagerd.clustertests.chaos.nemesis.PowerDisk;
import dev.assetmanagerd.clustertests.chaos.nemesis.Scene;
import dev.assetmanagerd.clustertests.chaos.nemesis.StaleDisks;
import dev.assetmanagerd.clustertests.network.Namespaces;
import dev.assetmanagerd.clustertests.network.OwnedNames;
import dev.assetmanagerd.clustertests.network.Shell;
import dev.assetmanagerd.clustertests.network.SlowLoopback;
import dev.assetmanagerd.clustertests.observe.BucketStore;
import dev.assetmanagerd.clustertests.observe.FileStore;
import dev.assetmanagerd.clustertests.observe.StoreView;
import dev.assetmanagerd.s3server.FaultProxy;
import dev.assetmanagerd.s3server.S3Server;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** What a run has beside its nodes, made as its nemeses need it; closing takes it away. */
final class Props implements AutoCloseable {
  private static final String SMALL_DISK_BYTES = "128m";
  private static final String SNAPSHOT_EVERY = "300";

  private final Deque<Closeable> made = new ArrayDeque<>();
  private ClusterOptions options;
  private Path jails;
  private boolean keeping = true;
  private Optional<Namespaces> links = Optional.empty();
  private Optional<SlowLoopback> slowLines = Optional.empty();
  private Optional<FaultProxy> storeLine = Optional.empty();
  private Optional<StoreView> store = Optional.empty();
  private Optional<BuilderdStandIn> builder = Optional.empty();
  private Optional<Path> smallDisk = Optional.empty();
  private Optional<PowerDisk> power = Optional.empty();

  private Props(ClusterOptions options) {
    this.options = options;
    this.jails = options.jailerDirectory();
  }

  /**
   * Makes all that is needed.
   *
   * @param options to begin with
   */
  static Props make(Set<Need> needs, ClusterOptions options) throws Exception {
    Props props = new Props(options);
    try {
      if (needs.contains(Need.POWER) || needs.contains(Need.SMALL_DISK)) {
        StaleDisks.takeAway();
      }
      for (Need need : needs) {
        props.make(need);
      }
      return props;
    } catch (Exception e) {
      props.close();
      throw e;
    }
  }

  private void make(Need need) throws Exception {
    switch (need) {
      case LINKS -> {
        links = Optional.of(keep(Namespaces.create()));
        options =
            options.withNetwork(links.get()).with("PREPARE_REMOTE_CALLERS", Boolean.toString(true));
      }
      case SLOW_LINES -> {
        slowLines = Optional.of(keep(new SlowLoopback()));
        options = options.withNetwork(slowLines.get());
      }
      case CLOCKS -> options = options.withWallClocks(WallClock.library().orElseThrow());
      case SNAPSHOTS -> options = options.with("SNAPSHOT_THRESHOLD", SNAPSHOT_EVERY);
      case SMALL_DISK -> mountBlobs();
      case POWER -> mountPower();
      case OBJECT_STORE -> startStore();
      case BUILDER -> startBuilder();
      case TRACING -> {
        // attaches to what runs
      }
    }
  }

  private void mountBlobs() throws IOException {
    Path blobs = Files.createDirectories(options.blobDirectory());
    String name = OwnedNames.next();
    run("mount", "-t", "tmpfs", "-o", "size=" + SMALL_DISK_BYTES, name, blobs.toString());
    made.push(() -> put(blobs));
    made.push(() -> run("umount", "-l", blobs.toString()));
    made.push(() -> rescue(blobs));
    smallDisk = Optional.of(blobs);
  }

  /** What was prepared is not on it: the clients look at that, and it is not kept over a boot. */
  private void mountPower() throws IOException {
    Path directory = options.directory();
    power = Optional.of(PowerDisk.mount(directory.resolveSibling(""), directory));
    made.push(() -> put(directory));
    made.push(power.get()::close);
    made.push(() -> rescue(directory));
    jails = Files.createDirectories(options.directory().resolveSibling("jailer"));
    options = options.with("PREPARE_ROOTS", jails.toString());
  }

  private void startStore() throws IOException {
    S3Server server = S3Server.shared();
    String bucket = server.newBucket();
    store = Optional.of(new BucketStore(server.endpoint(), bucket));
    FaultProxy proxy = keep(FaultProxy.start(server.endpoint()));
    storeLine = Optional.of(proxy);
    options =
        options
            .with("STORAGE_BACKEND", "s3")
            .with("S3_BUCKET", bucket)
            .with("S3_ENDPOINT", proxy.endpoint().toString())
            .with("S3_ACCESS_KEY_ID", "key")
            .with("S3_SECRET_ACCESS_KEY", "secret");
  }

  private void startBuilder() {
    BuilderdStandIn standIn =
        keep(BuilderdStandIn.start(options.directory().resolve("builderd.log")));
    builder = Optional.of(standIn);
    options =
        options
            .with("BUILDERD_ENABLED", "true")
            .with("BUILDERD_ENDPOINT", standIn.endpoint())
            .with("BUILDERD_POLL_INTERVAL", "500ms")
            .with("BUILDERD_RETRY_DELAY", "500ms")
            .with("BUILDERD_START_GRACE", "2s")
            .with("BUILDERD_TIMEOUT", "34s")
            .with("BUILDERD_FAILURE_TTL", "1s");
  }

  private <T extends AutoCloseable> T keep(T prop) {
    made.push(() -> close(prop));
    return prop;
  }

  /** What is on disks that are taken away is no evidence of anything, and need not stay. */
  void discardFiles() {
    keeping = false;
  }

  /** Copies what is on a disk to a place beside it. */
  private void rescue(Path mountPoint) throws IOException {
    if (keeping) {
      Path rescued = rescued(mountPoint);
      Files.createDirectories(rescued);
      // What is wrong with a disk may be all there is to see; the rest is copied all the same.
      Shell.tryRun(List.of("cp", "-a", mountPoint + "/.", rescued.toString()));
    }
  }

  /** Puts what was rescued where it was, now that there is no disk any more. */
  private void put(Path mountPoint) throws IOException {
    if (keeping) {
      Files.delete(mountPoint);
      Files.move(rescued(mountPoint), mountPoint);
    }
  }

  private static Path rescued(Path mountPoint) {
    return mountPoint.resolveSibling(mountPoint.getFileName() + "-rescued");
  }

  /** What the cluster is to be started with. */
  ClusterOptions options() {
    return options;
  }

  /** Where nodes may prepare files. */
  Path jails() {
    return jails;
  }

  /** A look at the blobs past the product, by a way that nothing is done to. */
  StoreView store() {
    Lock reading = power.map(PowerDisk::reading).orElseGet(ReentrantLock::new);
    return store.orElseGet(() -> new FileStore(options.blobDirectory(), reading));
  }

  /** For the nemeses. */
  Scene.Stage stage() {
    return new Scene.Stage(links, slowLines, storeLine, builder, smallDisk, power);
  }

  private static void run(String... command) {
    String unused = Shell.run(List.of(command));
  }

  private static void close(AutoCloseable prop) throws IOException {
    try {
      prop.close();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    List<Exception> failed = new ArrayList<>();
    while (!made.isEmpty()) {
      try {
        made.pop().close();
      } catch (IOException | RuntimeException e) {
        failed.add(e); // and the others have to be taken away all the more
      }
    }
    if (!failed.isEmpty()) {
      IOException e = new IOException("not everything could be taken away");
      failed.forEach(e::addSuppressed);
      throw e;
    }
  }
}
