package dev.assetmanagerd.asset;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import dev.assetmanagerd.api.v1.StorageBackend;
import dev.assetmanagerd.build.Builds;
import dev.assetmanagerd.build.v1.BuildServiceGrpc;
import dev.assetmanagerd.garbage.v1.GarbageServiceGrpc;
import dev.assetmanagerd.importer.v1.ImportServiceGrpc;
import dev.assetmanagerd.lease.v1.LeaseServiceGrpc;
import dev.assetmanagerd.process.FailPoints;
import dev.assetmanagerd.raft.LeadershipListener;
import dev.assetmanagerd.raft.ReplicatedRegistry;
import dev.assetmanagerd.storage.blob.BlobReader;
import dev.assetmanagerd.storage.blob.BlobStore;
import dev.assetmanagerd.storage.blob.Spool;
import dev.assetmanagerd.storage.place.Placement;
import dev.assetmanagerd.transfer.v1.TransferServiceGrpc;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The asset service of one node, put together.
 *
 * <p>Give {@link #leadershipListener()} to the Raft node and {@link #services()} to the server.
 * Close it after the server has stopped, before the registry is closed. Thread-safe.
 */
public final class AssetModule implements AutoCloseable {
  private static final Duration ACCESS_FLUSH_INTERVAL = Duration.ofSeconds(5);
  private static final int IDLE_THREAD_SECONDS = 30;
  private static final int FETCH_THREADS = 64;
  private static final int WAITING_THREADS = 256;
  private static final int CLOSING_THREADS = 16;
  private static final int MAX_DOWNLOADS = 64;
  private static final int IMPORT_CALLS = 8;
  private static final int IMPORT_LOOKERS = 16;
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration WORKING_LEASE_TTL = Duration.ofSeconds(60);

  private final ScheduledExecutorService timer = singleThread("asset-timer");
  private final ExecutorService spoolWriters;
  private final ExecutorService fetchers = fetchers();
  private final ExecutorService localPaths = waiting("asset-local-%d", WAITING_THREADS);
  private final ExecutorService preparing = waiting("asset-prepare-%d", WAITING_THREADS);
  private final ExecutorService closers = upTo(CLOSING_THREADS, "asset-close-%d");
  private final ExecutorService completing;
  private final ExecutorService importing = waiting("asset-import-%d", IMPORT_CALLS);
  private final ExecutorService lookers = upTo(IMPORT_LOOKERS, "asset-look-%d");
  private final Preparation preparation;
  private final ExecutorService partThreads;
  private final ExecutorService downloadThreads;
  private final Downloads downloads;
  private final AccessTracker access;
  private final Uploads uploads;
  private final UploadWrites writes;
  private final GarbageDuties garbage;
  private final List<ServerServiceDefinition> services;

  /**
   * @param nodeId of this node
   * @param registry of this node; stays the caller's to close
   * @param blobs the configured store
   * @param copies where bytes come from that the store has no files of on this host
   * @param transfers how uploads go on after a cut
   * @param placement where VM directories are allowed
   * @param builds where calls wait for images that are being built; stays the caller's to close
   * @param executor runs what follows a wait for the cluster, queries included; must not refuse
   *     tasks, and must not be the threads that serve calls, some of which wait
   * @param clock wall time
   * @param failPoints faults that tests order; off for everybody else
   */
  public AssetModule(
      String nodeId,
      AssetServiceOptions options,
      ReplicatedRegistry registry,
      BlobStore blobs,
      LocalCopies copies,
      TransferSettings transfers,
      Placement placement,
      Builds builds,
      Executor executor,
      Clock clock,
      FailPoints failPoints) {
    RegistryAccess registryAccess =
        new RegistryAccess(registry, options.defaultDeadline(), executor);
    this.access = new AccessTracker(registry, timer, ACCESS_FLUSH_INTERVAL);
    this.garbage =
        new GarbageDuties(
            options, registry, registryAccess, blobs, transfers.parts(), clock, failPoints);
    this.spoolWriters = upTo(options.maxUploads(), "asset-spool-%d");
    BlobPublisher publisher =
        new BlobPublisher(
            registryAccess, blobs, blobs, options.garbage().uploadGrace(), failPoints);
    this.uploads = new Uploads(options, nodeId, blobs, publisher, spoolWriters, timer);
    OpenUploads openUploads = new OpenUploads(registryAccess, options, transfers, clock);
    UploadCompletion.Spools spools = limit -> Spool.open(blobs, nodeId, limit, spoolWriters);
    this.partThreads = upTo(options.maxUploads(), "asset-part-%d");
    this.writes =
        new UploadWrites(
            registryAccess,
            transfers,
            openUploads,
            spools,
            options.maxUploads(),
            options.uploadIdleTimeout(),
            partThreads,
            timer,
            clock,
            failPoints);
    AssetFiles files = new AssetFiles(options.backend(), blobs, copies);
    this.downloadThreads = upTo(MAX_DOWNLOADS, "asset-download-%d");
    this.downloads =
        new Downloads(
            registryAccess,
            new WorkingLeases(registryAccess, timer, "download:" + nodeId + ":", WORKING_LEASE_TTL),
            new AssetStreams(files),
            downloadThreads,
            MAX_DOWNLOADS,
            options.uploadIdleTimeout(),
            options.prepare().fetchTimeout());
    this.completing = waiting("asset-complete-%d", options.maxUploads());
    CallReads reads = new CallReads(closers);
    TransferService transferService =
        new TransferService(
            downloads,
            openUploads,
            writes,
            new UploadCompletion(
                registryAccess,
                options,
                transfers,
                openUploads,
                publisher,
                spools,
                reads,
                failPoints),
            completing);
    this.preparation =
        new Preparation(
            registryAccess,
            new WorkingLeases(registryAccess, timer, "prepare:" + nodeId + ":", WORKING_LEASE_TTL),
            blobs,
            files,
            fetchers,
            placement,
            options,
            failPoints);
    AssetService service =
        new AssetService(
            options,
            uploads,
            new Registration(registryAccess, blobs, copies, reads, options),
            new AssetReads(
                registryAccess, files, options.prepare().fetchTimeout(), localPaths, access),
            new AssetQueries(registryAccess, builds, failPoints, executor),
            new Leasing(registryAccess, options.leases()),
            new Deletion(registryAccess, garbage.reaper(), failPoints),
            garbage.collection(),
            preparation,
            preparing);
    this.services =
        List.of(
            bound(dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.bindService(service)),
            bound(dev.assetmanagerd.api.deploy.v1.AssetManagerServiceGrpc.bindService(service)),
            bound(
                LeaseServiceGrpc.bindService(
                    new LeaseService(
                        new LeaseChanges(registryAccess, options.leases()),
                        new LeaseReads(registryAccess)))),
            bound(TransferServiceGrpc.bindService(transferService)),
            bound(BuildServiceGrpc.bindService(new BuildListing(registryAccess))),
            bound(
                ImportServiceGrpc.bindService(
                    new ImportService(
                        imports(registryAccess, options, blobs, copies, reads, clock), importing))),
            bound(
                GarbageServiceGrpc.bindService(
                    new GarbageService(
                        new Explanation(registryAccess, options, clock), garbage.sweep()))));
  }

  private Imports imports(
      RegistryAccess registry,
      AssetServiceOptions options,
      BlobStore blobs,
      LocalCopies copies,
      CallReads reads,
      Clock clock) {
    Map<StorageBackend, BlobReader> readers = copies.readers(options.backend(), blobs);
    return new Imports(
        registry,
        new OldRows(options, readers.containsKey(StorageBackend.STORAGE_BACKEND_HTTP)),
        new ImportedBlobs(readers, new StoredContent(copies.cache(), reads), options, lookers),
        clock);
  }

  private static ServerServiceDefinition bound(ServerServiceDefinition definition) {
    return ServerInterceptors.intercept(definition, new CallInterceptor());
  }

  /** Threads of their own for the I/O of each transfer: a slow disk delays nothing else. */
  private static ExecutorService upTo(int threads, String nameFormat) {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            threads,
            threads,
            IDLE_THREAD_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(), // no longer than what uses them, which is limited
            new ThreadFactoryBuilder().setNameFormat(nameFormat).setDaemon(true).build());
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  /** Where all are busy, a call gets its bytes on its own thread: it never waits for others'. */
  private static ExecutorService fetchers() {
    return new ThreadPoolExecutor(
        0,
        FETCH_THREADS,
        IDLE_THREAD_SECONDS,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        new ThreadFactoryBuilder().setNameFormat("asset-fetch-%d").setDaemon(true).build(),
        new ThreadPoolExecutor.CallerRunsPolicy());
  }

  /**
   * For calls that may wait long for bytes: were it on the threads that serve calls, slow storage
   * would stop the node's part in the cluster too. Where all are busy, further calls are refused.
   */
  private static ExecutorService waiting(String nameFormat, int threads) {
    return new ThreadPoolExecutor(
        0,
        threads,
        IDLE_THREAD_SECONDS,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        new ThreadFactoryBuilder().setNameFormat(nameFormat).setDaemon(true).build());
  }

  private static ScheduledExecutorService singleThread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        new ThreadFactoryBuilder().setNameFormat(name).setDaemon(true).build());
  }

  /** The service under both of its names, with everything it needs around it. */
  public List<ServerServiceDefinition> services() {
    return services;
  }

  /** Full names of the methods that the leader alone can answer; they are all unary. */
  public Set<String> leaderMethods() {
    return Set.of(
        dev.assetmanagerd.api.v1.AssetManagerServiceGrpc.getGarbageCollectMethod()
            .getFullMethodName(),
        dev.assetmanagerd.api.deploy.v1.AssetManagerServiceGrpc.getGarbageCollectMethod()
            .getFullMethodName(),
        GarbageServiceGrpc.getSweepOrphansMethod().getFullMethodName());
  }

  /** Has to hear when this node starts and stops leading: garbage is the leader's duty. */
  public LeadershipListener leadershipListener() {
    return garbage;
  }

  /** What garbage collection on this node has done. */
  public GarbageCounters garbageCounters() {
    return garbage.counters();
  }

  /** What has been prepared on this node. */
  public PrepareCounters prepareCounters() {
    return preparation.counters();
  }

  AccessTracker access() {
    return access;
  }

  /** Number of uploads that run on this node now. */
  public int runningUploads() {
    return uploads.running() + writes.running();
  }

  /** Number of downloads that run on this node now. */
  public int runningDownloads() {
    return downloads.running();
  }

  /** Stops the work in the background. What is noted of accesses is dropped. */
  @Override
  public void close() {
    uploads.close();
    writes.close();
    access.close();
    garbage.close();
    stop(timer);
    garbage.threads().forEach(AssetModule::stop);
    stop(downloadThreads);
    stop(completing);
    stop(importing);
    stop(lookers);
    stop(partThreads);
    stop(spoolWriters);
    stop(localPaths);
    stop(preparing);
    stop(fetchers);
    stop(closers);
  }

  /** Lets what is at work come to its end; an interrupted write looks like a failing disk. */
  private static void stop(ExecutorService executor) {
    executor.shutdown();
    try {
      if (executor.awaitTermination(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    executor.shutdownNow();
  }
}
